"""Marks a data folder while it is being restored, so that no coordinator serves it half restored."""

from __future__ import annotations

from pathlib import Path
from typing import Final

from shared.errors import ConfigError

MARK: Final = "restoring"


def require_restored(data_folder: Path) -> None:
    """Raises `ConfigError` if a restore of this folder is running or was interrupted."""
    if (data_folder / MARK).exists():
        raise ConfigError(
            f"a restore goes on in {data_folder}, or was interrupted there: if none goes on, "
            "empty that folder and the database, and restore again"
        )

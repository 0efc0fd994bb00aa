"""Writing where a person said to: what the system refuses there is said in one sentence."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from shared.errors import ConfigError


@contextmanager
def writing_under(place: Path) -> Iterator[None]:
    """Around what writes files under `place`. Raises `ConfigError` where that is refused: no permission, no
    room, no folder."""
    try:
        yield
    except OSError as error:
        raise ConfigError(f"{place} cannot be written: {error.strerror or error}") from error

"""Reports errors of writing to a folder that a person named, in one sentence."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from shared.errors import ConfigError


@contextmanager
def writing_under(place: Path) -> Iterator[None]:
    """Wrap code that writes files under `place`. Raises `ConfigError` when it fails: no permission, no space
    or no folder."""
    try:
        yield
    except OSError as error:
        raise ConfigError(f"{place} cannot be written: {error.strerror or error}") from error

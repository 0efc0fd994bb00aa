"""Secrets in files: passwords, tokens, keys. One that other users may read is refused."""

from __future__ import annotations

import os
import secrets
import stat
from pathlib import Path
from typing import Final

from shared.errors import ConfigError

MAX_BYTES: Final = 65_536
"""Longer files are refused."""
_OTHERS: Final = stat.S_IRWXG | stat.S_IRWXO


def read_secret(path: Path) -> str:
    """Read the first line of a secret's file.

    Raises `ConfigError` when the file is missing, empty, not text, or open to other users.
    """
    try:
        lines = read_private(path).decode("utf-8").splitlines()
    except UnicodeDecodeError as error:
        raise ConfigError(f"the secret in {path} is not text") from error
    if not lines or not lines[0].strip():
        raise ConfigError(f"{path} is empty; its first line must be the secret")
    return lines[0].strip()


def read_private(path: Path, *, missing: str = "") -> bytes:
    """Read a file that only its owner may read.

    Raises `ConfigError` when it is too large, open to other users, or missing (with the text `missing`).
    """
    try:
        with path.open("rb") as file:
            mode = os.fstat(
                file.fileno()
            ).st_mode  # of the open file; the name may point to another one by now
            data = file.read(MAX_BYTES + 1)
    except FileNotFoundError as error:
        raise ConfigError(missing or f"there is no file {path}") from error
    except OSError as error:
        raise ConfigError(f"the secret in {path} cannot be read: {error.strerror}") from error
    if mode & _OTHERS:
        raise ConfigError(f"{path} is open to other users (mode {mode & 0o777:o}); run: chmod 600 {path}")
    if len(data) > MAX_BYTES:
        raise ConfigError(f"{path} is larger than {MAX_BYTES} bytes; is it the secret?")
    return data


def replace_private(path: Path, text: str) -> None:
    """Replace a file in one step by a new one of mode 0600. Raises `OSError`."""
    draft = path.with_name(f".{path.name}.{secrets.token_hex(8)}")
    descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    try:
        with os.fdopen(descriptor, "w", encoding="ascii") as file:
            file.write(text)
            file.flush()
            os.fsync(file.fileno())
        draft.replace(path)
    finally:
        draft.unlink(missing_ok=True)

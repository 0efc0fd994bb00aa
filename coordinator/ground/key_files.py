"""Files with the coordinator's secrets: made once, mode 0600, most of them wrapped by the master key."""

from __future__ import annotations

import base64
import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final
from uuid import UUID

from coordinator.ground.keyring import Keyring
from coordinator.ground.master_keys import from_base64
from coordinator.ground.sealed_fields import Place
from shared.errors import ConfigError, Corrupt
from shared.secret_file import read_private, replace_private

_NO_ROW: Final = UUID(int=0)


def write_once(path: Path, data: bytes) -> None:
    """Write a file of mode 0600 in one step; an existing file is kept."""
    draft = path.with_name(f".{path.name}.{os.getpid()}")
    descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    try:
        with os.fdopen(descriptor, "wb") as file:
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
        os.link(draft, path)
    except FileExistsError:
        pass  # the secret already exists and stays
    finally:
        draft.unlink()


def wrap_once(path: Path, keyring: Keyring, secret: bytes) -> None:
    """Wrap a secret by the master key and write it; an existing file is kept."""
    write_once(path, base64.b64encode(keyring.wrap(_place(path), secret)) + b"\n")


def wrap_over(path: Path, keyring: Keyring, secret: bytes) -> None:
    """Wrap a secret by the master key and replace the file's earlier one in one step."""
    with _alone(path):
        _replace(path, keyring, secret)


def rewrap(path: Path, keyring: Keyring) -> bool:
    """Wrap a file's secret by the present master key; False if it is already.

    Raises `ConfigError` as `unwrapped` does.
    """
    with _alone(path):
        if is_wrapped_now(path, keyring):
            return False
        _replace(path, keyring, unwrapped(path, keyring))
        return True


def is_wrapped_now(path: Path, keyring: Keyring) -> bool:
    """Whether a file is wrapped by the present master key. Raises `ConfigError`."""
    return base64_file(path).startswith(keyring.mark)


def unwrapped(path: Path, keyring: Keyring) -> bytes:
    """The secret of a file that `wrap_once` has written.

    Raises `ConfigError` if it is missing, readable by others, or not wrapped by this master key.
    """
    wrapped = base64_file(path)
    try:
        return keyring.unwrap(_place(path), wrapped)
    except Corrupt as error:
        raise damaged(path) from error


def damaged(path: Path) -> ConfigError:
    """The error for a file with other content than expected."""
    return ConfigError(f"{path} is damaged or was not created with this master key")


def base64_file(path: Path) -> bytes:
    """The bytes of a private file of base64. Raises `ConfigError`."""
    return from_base64(read_private(path, missing=absent(path)).decode("ascii", "replace"), str(path))


def absent(path: Path) -> str:
    """The error text for a missing file."""
    return f"there is no key {path}; `proctor-coordinator init` creates it"


def _replace(path: Path, keyring: Keyring, secret: bytes) -> None:
    replace_private(path, base64.b64encode(keyring.wrap(_place(path), secret)).decode("ascii") + "\n")


@contextmanager
def _alone(path: Path) -> Iterator[None]:
    """Lock the folder, so that a rewrap cannot undo a replacement by another program."""
    folder = os.open(path.parent, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        fcntl.flock(folder, fcntl.LOCK_EX)
        yield
    finally:
        os.close(folder)


def _place(path: Path) -> Place:
    return Place("own-keys", path.name, _NO_ROW)

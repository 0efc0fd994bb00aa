"""Master keys: what wraps every other key of the coordinator, and where they come from.

    <data>/master.key, or the file of `[keys] master_key_file`    base64, 0600
    PROCTOR_MASTER_KEY                                            the same text
    [keys] master_key_command                                     a program that prints this text

The text is one key, or while one takes over from another several, with white space between: the first one
wraps, the others only open what they wrapped before.

A `MasterKey` may also be a key service of its own: it needs a name of eight bytes, and to wrap and to unwrap
a few hundred bytes bound to their place. It is asked at each opening of a person's data, so a service far
away costs its way each time; a command asks it once, when the coordinator starts.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import os
import subprocess
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final, Protocol

from coordinator.ground import sealed_fields
from coordinator.ground.sealed_fields import KEY_BYTES, Place
from shared.errors import ConfigError
from shared.secret_file import read_private

MASTER_KEY_VARIABLE: Final = "PROCTOR_MASTER_KEY"
ID_BYTES: Final = 8
MOST: Final = 4
"""Keys in one text; more are a mistake."""
COMMAND_S: Final = 30.0
_ID_CONTEXT: Final = b"proctor-edge master key id v1\x00"


class MasterKey(Protocol):
    """One master key, in this process or in a key service."""

    @property
    def key_id(self) -> bytes:
        """Eight bytes that tell it from others and say nothing of it."""

    def wrap(self, place: Place, secret: bytes) -> bytes:
        """Encrypt a secret for this place."""

    def unwrap(self, place: Place, wrapped: bytes) -> bytes:
        """Decrypt it. Raises `Corrupt` for another key, another place or damage."""


@dataclass(frozen=True, slots=True)
class LocalMaster:
    """A master key in this process."""

    secret: bytes = field(repr=False)

    def __post_init__(self) -> None:
        if len(self.secret) != KEY_BYTES:
            raise ConfigError(f"the master key has {len(self.secret)} bytes instead of {KEY_BYTES}")

    @property
    def key_id(self) -> bytes:
        """The beginning of its hash."""
        return hashlib.sha256(_ID_CONTEXT + self.secret).digest()[:ID_BYTES]

    def wrap(self, place: Place, secret: bytes) -> bytes:
        return sealed_fields.seal(self.secret, place, secret)

    def unwrap(self, place: Place, wrapped: bytes) -> bytes:
        return sealed_fields.open_sealed(self.secret, place, wrapped)


class MasterKeys:
    """The master keys of this process: the first one wraps, all open. They may change while it runs."""

    def __init__(self, held: Sequence[MasterKey]) -> None:
        self._held = tuple(held)

    @property
    def held(self) -> tuple[MasterKey, ...]:
        """All of them; the one that wraps comes first."""
        return self._held

    def take(self, held: Sequence[MasterKey]) -> None:
        """Use these from now on."""
        self._held = tuple(held)


def from_base64(text: str, source: str) -> bytes:
    """The bytes of a key's text. Raises `ConfigError` that names its source."""
    try:
        return base64.b64decode(text.strip(), validate=True)
    except (binascii.Error, ValueError) as error:
        raise ConfigError(f"{source} is not a key in base64") from error


def masters_of(text: str, source: str) -> list[LocalMaster]:
    """The keys of a text. Raises `ConfigError` that names its source."""
    keys = [LocalMaster(from_base64(word, source)) for word in text.split()]
    if not 1 <= len(keys) <= MOST:
        raise ConfigError(f"{source} has {len(keys)} master keys; 1 to {MOST} are allowed")
    if len({key.key_id for key in keys}) != len(keys):
        raise ConfigError(f"{source} has a master key twice")
    return keys


def masters_in(path: Path) -> list[LocalMaster]:
    """The keys of a file. Raises `ConfigError`."""
    missing = f"there is no key {path}; `proctor-coordinator init` creates it"
    return masters_of(read_private(path, missing=missing).decode("ascii", "replace"), str(path))


def text_of(keys: Sequence[LocalMaster]) -> str:
    """The text of these keys, one a line."""
    return "".join(base64.b64encode(key.secret).decode("ascii") + "\n" for key in keys)


def given_text(command: Sequence[str] = ()) -> str | None:
    """The text from the environment, else of the command; None: the keys are in their file.

    Raises `ConfigError` if the command fails.
    """
    text = os.environ.get(MASTER_KEY_VARIABLE)
    return _printed(command) if text is None and command else text


def is_given(command: Sequence[str]) -> bool:
    """Whether the keys come from the environment or a command, not from their file."""
    return bool(command) or MASTER_KEY_VARIABLE in os.environ


def _printed(command: Sequence[str]) -> str:
    try:
        # Its own errors go to the journal; what it prints is a secret and is in no error text.
        done = subprocess.run(command, stdout=subprocess.PIPE, timeout=COMMAND_S, check=False)
    except OSError as error:
        raise ConfigError(f"master_key_command {command[0]} cannot be run: {error.strerror}") from error
    except subprocess.TimeoutExpired:
        raise ConfigError(f"master_key_command {command[0]} took longer than {COMMAND_S:.0f} s") from None
    if done.returncode != 0:
        raise ConfigError(f"master_key_command {command[0]} ended with exit code {done.returncode}")
    return done.stdout.decode("ascii", "replace")

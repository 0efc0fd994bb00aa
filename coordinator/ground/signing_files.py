"""The key that signs messages to nodes, receipts, checkpoints and backups, and how another one follows it.

    <data>/signing.key       Ed25519 private half, wrapped by the master key: the one that signs
    <data>/signing-next.key  the same of the one that follows, between prepare and switch
    <data>/signing.state     who follows whom (`shared.successions`), and which former keys count no more

Each step ends with one write or removal of a file, and may be taken again after a crash.
"""

from __future__ import annotations

import logging
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from pathlib import Path
from typing import Annotated, Final

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from pydantic import Field

from coordinator.ground.key_files import damaged, unwrapped, wrap_once, wrap_over
from coordinator.ground.keyring import Keyring
from shared.errors import ConfigError, Corrupt
from shared.messages.message import Message, parse
from shared.sealing import parse_signing_public, private_bytes, signing_public_text
from shared.secret_file import read_private, replace_private
from shared.successions import Succession, mark_of, named, trusted

log = logging.getLogger(__name__)

SIGNING_FILE: Final = "signing.key"
NEXT_FILE: Final = "signing-next.key"
STATE_FILE: Final = "signing.state"


class SigningStep(StrEnum):
    """A step of the change from one signing key to another."""

    PREPARE = "prepare"
    SWITCH = "switch"
    RETIRE = "retire"


class _State(Message):
    successions: tuple[Succession, ...] = ()
    retired: Annotated[tuple[str, ...], Field(max_length=1_000)] = ()


@dataclass(frozen=True, slots=True)
class Signing:
    """The signing keys as they are now."""

    key: Ed25519PrivateKey = field(repr=False)
    """The one that signs."""
    successions: tuple[Succession, ...]
    counts: tuple[str, ...]
    """Those whose word counts for nodes: the one that signs, then the next or the former ones."""
    known: tuple[Ed25519PublicKey, ...]
    """All that there were, the one that signs first: they have signed what is kept."""

    @property
    def next_step(self) -> SigningStep:
        """What is to be done next."""
        own = signing_public_text(self.key.public_key())
        if self.successions and self.successions[-1].former == own:
            return SigningStep.SWITCH
        return SigningStep.RETIRE if len(self.counts) > 1 else SigningStep.PREPARE

    @property
    def marks(self) -> tuple[str, ...]:
        """What nodes say for which enough of the keys count: all, or after a switch the one that signs alone,
        as a node that joins then never learns the former one."""
        signs = (mark_of((signing_public_text(self.key.public_key()),)),)
        return (mark_of(self.counts), *(signs if self.next_step is SigningStep.RETIRE else ()))


class SigningKeys:
    """The signing keys of a running coordinator, which follows when a step is taken beside it."""

    def __init__(self, folder: Path, keyring: Keyring) -> None:
        """Raises `ConfigError` if a file is missing or damaged."""
        self._folder, self._keyring = folder, keyring
        self._seen = self._version()
        self._current = load_signing(folder, keyring)

    @property
    def current(self) -> Signing:
        """The keys in force now."""
        if (version := self._version()) != self._seen:
            self._seen = version
            try:
                self._current = load_signing(self._folder, self._keyring)
            except ConfigError:
                log.exception("the signing key's files cannot be read; the former keys count")
        return self._current

    def sign(self, data: bytes) -> bytes:
        """The signature of the key in force now."""
        return self.current.key.sign(data)

    def _version(self) -> tuple[tuple[int, int], ...]:
        return tuple(_stamp(self._folder / name) for name in (SIGNING_FILE, STATE_FILE))


def make_signing(folder: Path, keyring: Keyring) -> None:
    """Create the first signing key if it is missing."""
    wrap_once(folder / SIGNING_FILE, keyring, private_bytes(Ed25519PrivateKey.generate()))


def private_signing_files(folder: Path) -> list[Path]:
    """The files with private halves, wrapped."""
    return [one for name in (SIGNING_FILE, NEXT_FILE) if (one := folder / name).exists()]


def load_signing(folder: Path, keyring: Keyring) -> Signing:
    """The signing keys. Raises `ConfigError` if a file is missing or damaged."""
    key, state = _key(folder / SIGNING_FILE, keyring), _read(folder)
    own = signing_public_text(key.public_key())
    names = trusted(own, state.successions)
    return Signing(
        key=key,
        successions=state.successions,
        counts=tuple(one for one in names if one == own or one not in state.retired),
        known=tuple(parse_signing_public(one) for one in names),
    )


def successions_in(data: bytes) -> tuple[Succession, ...]:
    """Who follows whom, by a state file's bytes. Raises `Corrupt`."""
    return parse(_State, data).successions


def take_signing_step(folder: Path, keyring: Keyring, step: SigningStep, now_utc: datetime) -> None:
    """Go on with the change to another signing key. Raises `ConfigError` if another step is next."""
    now = load_signing(folder, keyring)
    if _is_switched(folder, keyring, now):
        (folder / NEXT_FILE).unlink()  # a switch was interrupted right before this
        if step is SigningStep.SWITCH:
            return
    if step is not now.next_step:
        raise ConfigError(f"the next step is {now.next_step}, not {step}")
    state = _read(folder)
    match step:
        case SigningStep.PREPARE:
            wrap_once(folder / NEXT_FILE, keyring, private_bytes(Ed25519PrivateKey.generate()))
            following = _key(folder / NEXT_FILE, keyring)
            successions = (*state.successions, named(now.key, following, now_utc))
            _write(folder, _State(successions=successions, retired=state.retired))
        case SigningStep.SWITCH:
            wrap_over(folder / SIGNING_FILE, keyring, unwrapped(folder / NEXT_FILE, keyring))
            (folder / NEXT_FILE).unlink()
        case SigningStep.RETIRE:
            retired = (*state.retired, *now.counts[1:])
            _write(folder, _State(successions=state.successions, retired=retired))


def _is_switched(folder: Path, keyring: Keyring, now: Signing) -> bool:
    path = folder / NEXT_FILE
    return path.exists() and private_bytes(_key(path, keyring)) == private_bytes(now.key)


def _key(path: Path, keyring: Keyring) -> Ed25519PrivateKey:
    try:
        return Ed25519PrivateKey.from_private_bytes(unwrapped(path, keyring))
    except ValueError as error:
        raise damaged(path) from error


def _read(folder: Path) -> _State:
    path = folder / STATE_FILE
    if not path.exists():
        return _State()
    try:
        return parse(_State, read_private(path))
    except Corrupt as error:
        raise damaged(path) from error


def _write(folder: Path, state: _State) -> None:
    replace_private(folder / STATE_FILE, state.model_dump_json() + "\n")


def _stamp(path: Path) -> tuple[int, int]:
    try:
        about = path.stat()
    except FileNotFoundError:
        return (0, 0)
    return (about.st_ino, about.st_mtime_ns)

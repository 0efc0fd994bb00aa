"""The keys and certificates of the fleet's CA, and how one CA takes over from another.

    <data>/ca.key, ca.pem         the first CA: private half, wrapped; its certificate, public
    <data>/ca.2.key, ca.2.pem     the second one, and so on
    <data>/ca.state               which one signs, which are accepted, and who named whom; absent: the first
    <data>/authorities.pem        the certificates that are accepted, for other programs

Each step is one write of `ca.state`, so a crash leaves either what was before or what is then.
"""

from __future__ import annotations

import base64
import binascii
import json
import logging
from dataclasses import dataclass, field
from datetime import UTC, datetime
from enum import StrEnum
from pathlib import Path
from typing import Any, Final

from cryptography.hazmat.primitives.asymmetric.ec import (
    SECP256R1,
    EllipticCurvePrivateKey,
    generate_private_key,
)
from cryptography.x509 import Certificate, random_serial_number

from coordinator.ground.key_files import absent, damaged, unwrapped, wrap_once, write_once
from coordinator.ground.keyring import Keyring
from shared.authorities import Handover, authorities_text, name_successor
from shared.certificates import (
    ca_certificate,
    certificate_text,
    private_text,
    read_certificate,
    read_private_text,
)
from shared.errors import ConfigError, Corrupt
from shared.fields import format_utc
from shared.secret_file import read_private, replace_private

log = logging.getLogger(__name__)

_STATE: Final = "ca.state"
_BUNDLE: Final = "authorities.pem"


class CaStep(StrEnum):
    """A step of the change from one CA to another."""

    PREPARE = "prepare"
    SWITCH = "switch"
    FINISH = "finish"


@dataclass(frozen=True, slots=True)
class Authority:
    """The CA that signs, and those that are accepted."""

    key: EllipticCurvePrivateKey = field(repr=False)
    certificate: Certificate
    accepted: tuple[Certificate, ...]
    """The one that signs comes first."""
    handovers: tuple[Handover, ...]
    next_step: CaStep
    since_utc: datetime | None
    """When the last step was taken."""


@dataclass(frozen=True, slots=True)
class _State:
    accepted: tuple[int, ...] = (1,)
    """The first one signs."""
    handovers: tuple[tuple[int, str], ...] = ()
    """A successor, and the signature of the one before it, base64."""
    next_step: CaStep = CaStep.PREPARE
    since_utc: datetime | None = None


def is_ca_file(name: str) -> bool:
    """Whether a file of the data folder belongs to the CA."""
    return name == _BUNDLE or name.startswith("ca.")


def make_ca(folder: Path, keyring: Keyring) -> None:
    """Create the first CA if it is missing."""
    _make(folder, keyring, 1)


def ca_key_files(folder: Path) -> list[Path]:
    """The private halves of every CA there was, wrapped."""
    return sorted(folder.glob("ca*.key"))


class CaFolder:
    """The CA of a running coordinator, which follows when a step is taken beside it."""

    def __init__(self, folder: Path, keyring: Keyring) -> None:
        """Raises `ConfigError` if a file is missing or damaged."""
        self._folder, self._keyring = folder, keyring
        self._seen = self._version()
        self._authority = load_ca(folder, keyring)

    @property
    def current(self) -> Authority:
        """The CA in force now."""
        if (version := self._version()) != self._seen:
            self._seen = version
            try:
                self._authority = load_ca(self._folder, self._keyring)
            except ConfigError:
                log.exception("the CA's files cannot be read; the former ones count")
        return self._authority

    def _version(self) -> tuple[int, int]:
        try:
            about = (self._folder / _STATE).stat()
        except FileNotFoundError:
            return (0, 0)
        return (about.st_ino, about.st_mtime_ns)


def load_ca(folder: Path, keyring: Keyring) -> Authority:
    """The CA in force. Raises `ConfigError` if a file is missing or damaged."""
    state = _read(folder)
    return Authority(
        key=_key(folder, keyring, state.accepted[0]),
        certificate=_certificate(folder, keyring, state.accepted[0]),
        accepted=tuple(_certificate(folder, keyring, number) for number in state.accepted),
        handovers=tuple(
            Handover(_certificate_alone(folder, number), base64.b64decode(signature))
            for number, signature in state.handovers
        ),
        next_step=state.next_step,
        since_utc=state.since_utc,
    )


def take_step(folder: Path, keyring: Keyring, step: CaStep, now_utc: datetime) -> None:
    """Go on with the change to another CA. Raises `ConfigError` if another step is next."""
    state = _read(folder)
    if step is not state.next_step:
        raise ConfigError(f"the next step is {state.next_step}, not {step}")
    match step:
        case CaStep.PREPARE:
            following = _prepared(folder, keyring, state, now_utc)
        case CaStep.SWITCH:
            following = _State(state.accepted[::-1], state.handovers, CaStep.FINISH, now_utc)
        case CaStep.FINISH:
            following = _State(state.accepted[:1], state.handovers, CaStep.PREPARE, now_utc)
    _write(folder, following)
    accepted = [_certificate_alone(folder, number) for number in following.accepted]
    replace_private(folder / _BUNDLE, authorities_text(accepted))


def _prepared(folder: Path, keyring: Keyring, state: _State, now_utc: datetime) -> _State:
    current = state.accepted[0]
    number = 1 + max([current, *(successor for successor, _ in state.handovers)])
    _make(folder, keyring, number)
    handover = name_successor(_key(folder, keyring, current), _certificate(folder, keyring, number))
    signature = base64.b64encode(handover.signature).decode("ascii")
    handovers = (*state.handovers, (number, signature))
    return _State((current, number), handovers, CaStep.SWITCH, now_utc)


def _make(folder: Path, keyring: Keyring, number: int) -> None:
    key = _path(folder, number, "key")
    wrap_once(key, keyring, private_text(generate_private_key(SECP256R1())).encode("ascii"))
    made = ca_certificate(_key(folder, keyring, number), random_serial_number(), datetime.now(UTC))
    write_once(_path(folder, number, "pem"), certificate_text(made).encode("ascii"))


def _path(folder: Path, number: int, kind: str) -> Path:
    return folder / (f"ca.{kind}" if number == 1 else f"ca.{number}.{kind}")


def _key(folder: Path, keyring: Keyring, number: int) -> EllipticCurvePrivateKey:
    path = _path(folder, number, "key")
    try:
        return read_private_text(unwrapped(path, keyring).decode("ascii", "replace"))
    except Corrupt as error:
        raise damaged(path) from error


def _certificate(folder: Path, keyring: Keyring, number: int) -> Certificate:
    certificate = _certificate_alone(folder, number)
    if certificate.public_key() != _key(folder, keyring, number).public_key():
        raise damaged(_path(folder, number, "pem"))
    return certificate


def _certificate_alone(folder: Path, number: int) -> Certificate:
    path = _path(folder, number, "pem")
    try:
        return read_certificate(read_private(path, missing=absent(path)).decode("ascii", "replace"))
    except Corrupt as error:
        raise damaged(path) from error


def _read(folder: Path) -> _State:
    path = folder / _STATE
    if not path.exists():
        return _State()
    try:
        said: dict[str, Any] = json.loads(read_private(path))
        for _, signature in said["handovers"]:
            base64.b64decode(signature, validate=True)
        return _State(
            tuple(int(number) for number in said["accepted"]),
            tuple((int(number), str(signature)) for number, signature in said["handovers"]),
            CaStep(said["next_step"]),
            datetime.fromisoformat(said["since_utc"]),
        )
    except (ValueError, KeyError, TypeError, binascii.Error) as error:
        raise damaged(path) from error


def _write(folder: Path, state: _State) -> None:
    said = {
        "accepted": state.accepted,
        "handovers": state.handovers,
        "next_step": state.next_step,
        "since_utc": None if state.since_utc is None else format_utc(state.since_utc),
    }
    replace_private(folder / _STATE, json.dumps(said))

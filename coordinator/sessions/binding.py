"""Which device may open a session with its link: none → bound → asked → moved. Pure.

    none    no device is bound. The first that signs is bound, by the candidate's click on Start.
    bound   that device opens the session again, as often as it likes. No other does.
    asked   another device has asked; the bound one goes on. A person at the institution may approve it
            for `ASK_VALID`.
    moved   it was approved: it is bound now, and the earlier one has ended.

A device is known by a key pair that its browser makes and keeps, without a way to read the private half. It
signs, for this session, a challenge that is good once. The other way would be a random secret of which only
the hash is stored here. That would be a little simpler, but the secret can be read from the browser's store
and would be sent with each request: whoever hands on the link could hand on the secret, too, and what was
sent once (a recorded request, a proxy's log) would open the session for ever. A signature opens it once, and
a copied link has none.

What this does not hold off: somebody who takes over the browser's whole profile or the running page. And the
token in the answer to `session/start` is the institution's own: it is bound to no device.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Final
from uuid import UUID

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.utils import encode_dss_signature
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import load_der_public_key

from shared.errors import Rejected

ASK_VALID: Final = timedelta(minutes=15)
"""For so long a request to use another device may be approved; then it must be asked again."""
MAX_ASKING: Final = 5
"""Devices of one session that may wait for an approval at once: with a stolen link nobody asks for ever."""
FIRST_CHALLENGE: Final = "first"
"""What the first device signs. A copy of its request is of no use: from then on it must sign another."""
_HALF_BYTES: Final = 32


class DeviceState(StrEnum):
    ASKED = "asked"
    """It has asked to be used."""
    BOUND = "bound"
    ENDED = "ended"
    """Another device took its place."""


class DeviceAccess(StrEnum):
    """How a device stands to a session."""

    OPEN = "open"
    """The policy binds no device: the link alone is enough."""
    FREE = "free"
    """No device is bound yet."""
    YOURS = "yours"
    """This device is bound."""
    ASKED = "asked"
    """Another device is bound; this one has asked, and a person has not approved it yet."""
    ELSEWHERE = "elsewhere"
    """Another device is bound."""


@dataclass(frozen=True, slots=True)
class Known:
    """What is known of the device that asks."""

    state: DeviceState
    asked_utc: datetime | None


def standing(*, binds: bool, bound: bool, known: Known | None, now_utc: datetime) -> DeviceAccess:
    """How a device stands. `bound`: whether the session has a bound device; `known`: None for a new one."""
    if not binds:
        return DeviceAccess.OPEN
    if not bound:
        return DeviceAccess.FREE
    if known is not None and known.state is DeviceState.BOUND:
        return DeviceAccess.YOURS
    return DeviceAccess.ASKED if known is not None and waits(known, now_utc) else DeviceAccess.ELSEWHERE


def waits(known: Known, now_utc: datetime) -> bool:
    """Whether a device's request may be approved now."""
    if known.state is not DeviceState.ASKED or known.asked_utc is None:
        return False
    return now_utc < known.asked_utc + ASK_VALID


def check_waits(known: Known, now_utc: datetime) -> None:
    """Raises `Rejected` (409 `request-stale`) for a request that nobody can approve any more."""
    if not waits(known, now_utc):
        raise Rejected(
            "this device does not ask any more; let the candidate ask again",
            code="request-stale",
            status=409,
        )


def check_may_open(found: DeviceAccess, *, has_key: bool) -> None:
    """Raises `Rejected` (409 `device-key-missing`, `device-elsewhere`) when the link alone is not enough."""
    if found is DeviceAccess.OPEN:
        return
    if not has_key:
        raise Rejected(
            "this session is bound to one device: send the device's key and its signature",
            code="device-key-missing",
            status=409,
        )
    if found not in (DeviceAccess.FREE, DeviceAccess.YOURS):
        raise Rejected(
            "your exam was started on another device; ask to use this one",
            code="device-elsewhere",
            status=409,
        )


def statement(session_id: UUID, challenge: str) -> bytes:
    """What a device signs to open a session."""
    return f"proctor-join\n{session_id}\n{challenge}".encode()


def check_signature(key: str, signature: str, signed: bytes) -> None:
    """Raises `Rejected` (409 `signature-outdated`) unless this key has signed this statement.

    Both texts are base64url without padding: the key's SubjectPublicKeyInfo, and the two halves of an ECDSA
    signature as browsers write them.
    """
    halves = _bytes(signature)
    try:
        public = load_der_public_key(_bytes(key))
        if not isinstance(public, ec.EllipticCurvePublicKey) or not isinstance(public.curve, ec.SECP256R1):
            raise _bad_key()
    except ValueError as error:
        raise _bad_key() from error
    if len(halves) != 2 * _HALF_BYTES:
        raise _outdated()
    r, s = (int.from_bytes(half, "big") for half in (halves[:_HALF_BYTES], halves[_HALF_BYTES:]))
    try:
        public.verify(encode_dss_signature(r, s), signed, ec.ECDSA(SHA256()))
    except InvalidSignature as error:
        raise _outdated() from error


def check_number(key: str) -> str:
    """Six digits by which a person compares a request with the device that shows the same: `482 913`."""
    digits = f"{int.from_bytes(hashlib.sha256(key.encode()).digest()[:8], 'big') % 1_000_000:06}"
    return f"{digits[:3]} {digits[3:]}"


def _bytes(text: str) -> bytes:
    try:
        return base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))
    except (ValueError, binascii.Error):
        return b""


def _bad_key() -> Rejected:
    return Rejected("the device's key is not a P-256 key", code="device-key-invalid", status=422)


def _outdated() -> Rejected:
    return Rejected(
        "the signature is not of this device, this session and its newest challenge; look and sign again",
        code="signature-outdated",
        status=409,
    )

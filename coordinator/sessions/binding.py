"""Which device may open a session with its link: none → bound → asked → moved. Pure.

    none    no device is bound. The first device that sends a valid signature is bound; it does so when the
            candidate clicks on Start.
    bound   the bound device may open the session again any number of times. Other devices may not.
    asked   another device has requested access; the bound one continues. Staff may approve the request
            within `ASK_VALID`.
    moved   the request was approved: the new device is bound, and the earlier one no longer has access.

A device is identified by a key pair. The browser creates it and stores it so that no script can read the
private key. The device signs a challenge that is valid for this session and for one use. A random secret, of
which only the hash is stored here, would be a little simpler. But a secret can be read from the browser's
storage and is sent with each request. So a candidate could pass it on together with the link, and anyone who
records one request (in a proxy's log, for example) could open the session at any later time. A signature
opens the session once, and a copied link contains no key.

This does not protect against somebody who controls the whole browser profile or the running page. The token
in the answer to `session/start` belongs to the institution and is not bound to a device.
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
"""A request to use another device may be approved within this time. After that, the device must ask again."""
MAX_ASKING: Final = 5
"""The most devices of one session that may wait for approval at once. It limits requests made with a stolen
link."""
FIRST_CHALLENGE: Final = "first"
"""The challenge that the first device signs. Once it is used, the device gets another one, so a copied
request is useless."""
_HALF_BYTES: Final = 32


class DeviceState(StrEnum):
    ASKED = "asked"
    """The device has asked for approval."""
    BOUND = "bound"
    ENDED = "ended"
    """Another device has replaced it."""


class DeviceAccess(StrEnum):
    """What a device may do in a session."""

    OPEN = "open"
    """The policy does not bind sessions to devices: the link alone is enough."""
    FREE = "free"
    """No device is bound yet."""
    YOURS = "yours"
    """This device is bound."""
    ASKED = "asked"
    """Another device is bound. This one has asked, and staff have not approved it yet."""
    ELSEWHERE = "elsewhere"
    """Another device is bound."""


@dataclass(frozen=True, slots=True)
class KnownDevice:
    """What is stored about the device that sends the request."""

    state: DeviceState
    asked_utc: datetime | None


def access_of(*, binds: bool, bound: bool, known: KnownDevice | None, now_utc: datetime) -> DeviceAccess:
    """What a device may do. `bound`: whether the session has a bound device. `known`: None for a new
    device."""
    if not binds:
        return DeviceAccess.OPEN
    if not bound:
        return DeviceAccess.FREE
    if known is not None and known.state is DeviceState.BOUND:
        return DeviceAccess.YOURS
    return DeviceAccess.ASKED if known is not None and waits(known, now_utc) else DeviceAccess.ELSEWHERE


def waits(known: KnownDevice, now_utc: datetime) -> bool:
    """Whether a device's request may be approved now."""
    if known.state is not DeviceState.ASKED or known.asked_utc is None:
        return False
    return now_utc < known.asked_utc + ASK_VALID


def check_waits(known: KnownDevice, now_utc: datetime) -> None:
    """Check that a request may still be approved. Raises `Rejected` (409 `request-stale`) if not."""
    if not waits(known, now_utc):
        raise Rejected(
            "this device's request is no longer valid; the candidate must ask again",
            code="request-stale",
            status=409,
        )


def check_may_open(found: DeviceAccess, *, has_key: bool) -> None:
    """Check that a device may open the session. Raises `Rejected` (409 `device-key-missing`,
    `device-elsewhere`) if not."""
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
    """Check that this key has signed this statement. Raises `Rejected` (409 `signature-outdated`) if not.

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
    """The six-digit number of a request, such as `482 913`. The device shows the same number, so staff can
    compare the two."""
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
        "the signature does not match this device, this session and its newest challenge; get the challenge "
        "again and sign it",
        code="signature-outdated",
        status=409,
    )

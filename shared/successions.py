"""Which signing key of a coordinator follows which. Pure.

The former key signs that another one follows it, and that one signs that it does. So whoever trusts a key
trusts those that follow it, and whoever trusts one of today can check what those before it have signed. Both
need no connection. Who holds a former key may name another successor of it: this is why `counts` of a node
no longer has a key that was retired.
"""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Collection, Iterable, Sequence
from datetime import datetime
from typing import Annotated, Final

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from pydantic import Field

from shared.canonical import canonical_json, parse_json
from shared.errors import Corrupt
from shared.fields import Utc, format_utc
from shared.messages.message import Message, parse
from shared.sealing import parse_signing_public, signing_public_text

MOST: Final = 32
"""The most successions that are looked at; a key that serves for a year has one in a year."""
_CONTEXT: Final = b"proctor-edge signing key succession v1\x00"
_MARK_CHARS: Final = 32
_KeyName = Annotated[str, Field(pattern=r"^ed25519:[A-Za-z0-9+/]{43}=$")]
_Signature = Annotated[str, Field(pattern=r"^[A-Za-z0-9+/]{86}==$")]


class Succession(Message):
    """One key that follows another one."""

    former: _KeyName
    following: _KeyName
    at: Utc
    """When it was said."""
    signature: _Signature
    """By the former key, base64."""
    accepted: _Signature
    """By the following one."""

    @property
    def signed_bytes(self) -> bytes:
        """What both keys sign."""
        return _signed_bytes(self.former, self.following, self.at)


def named(former: Ed25519PrivateKey, following: Ed25519PrivateKey, at_utc: datetime) -> Succession:
    """The word of both keys that one follows the other."""
    names = signing_public_text(former.public_key()), signing_public_text(following.public_key())
    at = at_utc.replace(microsecond=at_utc.microsecond // 1000 * 1000)
    said = _signed_bytes(*names, at)
    return Succession(
        former=names[0],
        following=names[1],
        at=at,
        signature=base64.b64encode(former.sign(said)).decode("ascii"),
        accepted=base64.b64encode(following.sign(said)).decode("ascii"),
    )


def followed(keys: Iterable[str], said: Sequence[Succession]) -> tuple[str, ...]:
    """These keys and all that follow one of them."""
    found = list(keys)
    for one in _genuine(said):
        if one.former in found and one.following not in found:
            found.append(one.following)
    return tuple(found)


def trusted(pinned: str, said: Sequence[Succession]) -> tuple[str, ...]:
    """The keys that somebody believes who knows this one: those that follow it, and those that it follows."""
    found, newest = list(followed([pinned], said)), pinned
    for one in reversed(_genuine(said)):
        if one.following == newest:
            newest = one.former
            found.append(newest)
    return tuple(found)


def read_successions(data: bytes) -> tuple[Succession, ...]:
    """Who follows whom, by a file that `proctor-coordinator rotate-signing status` has printed. Raises
    `Corrupt`."""
    said = parse_json(data)
    if not isinstance(said, dict) or not isinstance(said.get("successions"), list):
        raise Corrupt("this is not what rotate-signing status prints")
    return tuple(parse(Succession, one) for one in said["successions"])


def mark_of(counts: Collection[str]) -> str:
    """A short text by which two see that the same keys count for both."""
    return hashlib.sha256("\n".join(sorted(counts)).encode()).hexdigest()[:_MARK_CHARS]


def _genuine(said: Sequence[Succession]) -> list[Succession]:
    return [one for one in said[-MOST:] if _is_genuine(one)]


def _is_genuine(one: Succession) -> bool:
    try:
        for name, signature in ((one.former, one.signature), (one.following, one.accepted)):
            parse_signing_public(name).verify(base64.b64decode(signature, validate=True), one.signed_bytes)
    except (Corrupt, InvalidSignature, ValueError):
        return False
    return True


def _signed_bytes(former: str, following: str, at: datetime) -> bytes:
    return _CONTEXT + canonical_json({"former": former, "following": following, "at": format_utc(at)})

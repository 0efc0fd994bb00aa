"""Seals the words around a phrase of an exam's policy: text and sound, sealed twice.

An excerpt exists only if exam and candidate agreed to speech recognition. The node seals it to the session's
transcript key and puts the parcel into the alert, which is sealed to the candidate-and-exam key as usual. The
transcript key's private half is destroyed when the session ends: from then on nobody can open the inner
parcel, even with the alert, the database and the master key.
"""

from __future__ import annotations

import base64
from typing import Annotated, Final, Literal
from uuid import UUID

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from pydantic import BaseModel, ConfigDict, Field, StringConstraints, ValidationError

from shared.errors import Corrupt
from shared.fields import Text
from shared.sealing import SealingPrivate, SealingPublic, open_body, pack, unpack

MAX_CLIP_BYTES: Final = 20_000
"""8.2 s of Opus at 16 kbit/s are 17 kB."""
MAX_SEALED_CHARS: Final = 45_000
"""Base64 of a parcel with such a clip, itself in base64, in its body; an alert has 64 KiB."""

Sealed = Annotated[str, StringConstraints(max_length=MAX_SEALED_CHARS, pattern=r"^[A-Za-z0-9+/]+={0,2}$")]
"""A sealed excerpt in an alert: the parcel in base64."""


class Excerpt(BaseModel):
    """The spoken words around a phrase. Very personal; leaves a node only sealed."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    phrases: Annotated[tuple[Text, ...], Field(min_length=1, max_length=50)]
    """From the policy's list, in its spelling."""
    text: Text | None
    """The transcript; None if no network for it is installed."""
    duration_s: Annotated[float, Field(ge=0, le=60)]
    clip: Annotated[str, StringConstraints(max_length=MAX_CLIP_BYTES * 4 // 3 + 4)]
    """The sound: Ogg Opus in base64."""


class ExcerptHeader(BaseModel):
    """The clear part of the inner parcel: its alert and session, so that it cannot be opened elsewhere."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    kind: Literal["excerpt"] = "excerpt"
    alert_id: UUID
    session_id: UUID
    key_id: UUID
    """The session's transcript key."""


def seal_excerpt(
    excerpt: Excerpt, header: ExcerptHeader, signing: Ed25519PrivateKey, seal_to: SealingPublic
) -> str:
    """Seal an excerpt as text for an alert. Raises `Corrupt` if it is too large."""
    parcel = pack(
        header.model_dump(mode="json"), excerpt.model_dump_json().encode(), signing, seal_to=seal_to
    )
    text = base64.b64encode(parcel).decode("ascii")
    if len(text) > MAX_SEALED_CHARS:
        raise Corrupt(f"a sealed excerpt of {len(text)} characters exceeds {MAX_SEALED_CHARS}")
    return text


def open_excerpt(text: str, expected: ExcerptHeader, key: SealingPrivate) -> Excerpt:
    """Open a sealed excerpt. Raises `Corrupt` for another key, alert or session."""
    try:
        parcel = unpack(base64.b64decode(text, validate=True))
        if ExcerptHeader.model_validate(parcel.header) != expected:
            raise Corrupt("the excerpt belongs to another alert")
        return Excerpt.model_validate_json(open_body(parcel, key))
    except (ValueError, ValidationError) as error:
        raise Corrupt("this is no sealed excerpt") from error

"""Seals pictures as evidence of an alert: separate parcels, under a key that is destroyed before the alert's.

An alert has only the id and the hash of a picture. The picture is sent beside it (`shared.bundles`), sealed
to the evidence key of the candidate and exam. After that key's private half is destroyed nobody can open the
picture, even with the alert, the stream and the database; the alert stays readable.
"""

from __future__ import annotations

import base64
import hashlib
from dataclasses import dataclass
from typing import Annotated, Final, Literal
from uuid import UUID, uuid5

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from pydantic import BaseModel, ConfigDict, StringConstraints, ValidationError

from shared.errors import Corrupt
from shared.sealing import Parcel, SealingPrivate, SealingPublic, open_body, pack, unpack, verify

MAX_PICTURE_BYTES: Final = 45_000
MAX_PICTURES: Final = 4
"""Of one alert."""
ONSET: Final = "onset"
"""The kind of the picture that shows the onset of the condition."""
_DATA_URL: Final = "data:image/jpeg;base64,"
_NAMESPACE: Final = UUID("c2b5a9f4-2f0e-4b57-9d0f-6d0c8f6a1e37")


class PictureRef(BaseModel):
    """An alert's reference to a picture."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    id: UUID
    sha256: Annotated[str, StringConstraints(pattern=r"^[0-9a-f]{64}$")]
    """The hash of the picture's plain bytes. It is never sent in the clear: it could identify the picture."""
    media_type: Literal["image/jpeg"] = "image/jpeg"


@dataclass(frozen=True, slots=True)
class Picture:
    """An opened picture with its reference."""

    ref: PictureRef
    jpeg: bytes


class EvidenceHeader(BaseModel):
    """The clear part of a picture's parcel: only ids, so that it cannot be opened elsewhere."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    kind: Literal["evidence"] = "evidence"
    evidence_id: UUID
    alert_id: UUID
    session_id: UUID
    tenant_id: UUID
    node_id: UUID
    key_id: UUID
    """The evidence key of this candidate and exam."""


@dataclass(frozen=True, slots=True)
class SealedPicture:
    """A picture's parcel with a valid signature; not opened, and not yet checked against its alert."""

    header: EvidenceHeader
    parcel: Parcel


def onset_picture(alert_id: UUID, jpeg: bytes) -> Picture:
    """The picture of an alert's onset; the same alert always gives it the same id."""
    return Picture(PictureRef(id=picture_id(alert_id, ONSET), sha256=hashlib.sha256(jpeg).hexdigest()), jpeg)


def picture_id(alert_id: UUID, kind: str) -> UUID:
    """The deterministic id of an alert's picture of this kind."""
    return uuid5(_NAMESPACE, f"{alert_id}|{kind}")


def seal_picture(
    jpeg: bytes, header: EvidenceHeader, signing: Ed25519PrivateKey, seal_to: SealingPublic
) -> bytes:
    """Seal a picture as a parcel. Raises `Corrupt` if it is too large."""
    if len(jpeg) > MAX_PICTURE_BYTES:
        raise Corrupt(f"a picture of {len(jpeg)} bytes exceeds {MAX_PICTURE_BYTES}")
    return pack(header.model_dump(mode="json"), jpeg, signing, seal_to=seal_to)


def read_picture(message: bytes, signer: Ed25519PublicKey) -> SealedPicture:
    """Read a parcel signed by `signer`. Raises `Corrupt` for anything else."""
    parcel = unpack(message)
    verify(parcel, signer)
    try:
        return SealedPicture(EvidenceHeader.model_validate(parcel.header), parcel)
    except ValidationError as error:
        raise Corrupt("this is not a picture's parcel") from error


def open_picture(sealed: SealedPicture, ref: PictureRef, key: SealingPrivate) -> Picture:
    """Open a picture. Raises `Corrupt` for another key, or if it is not the picture of `ref`."""
    jpeg = open_body(sealed.parcel, key)
    if sealed.header.evidence_id != ref.id or hashlib.sha256(jpeg).hexdigest() != ref.sha256:
        raise Corrupt("the picture is not the one that its alert names")
    if len(jpeg) > MAX_PICTURE_BYTES:
        raise Corrupt(f"a picture of {len(jpeg)} bytes exceeds {MAX_PICTURE_BYTES}")
    return Picture(ref, jpeg)


def data_url(jpeg: bytes) -> str:
    """A picture as a data URL, for pages and bodies of the API."""
    return _DATA_URL + base64.b64encode(jpeg).decode("ascii")


def from_data_url(text: str) -> bytes:
    """The bytes of such a URL. Raises `ValueError` for anything else."""
    if not text.startswith(_DATA_URL):
        raise ValueError("a picture is not a data URL of a JPEG")
    return base64.b64decode(text.removeprefix(_DATA_URL), validate=True)

"""Bodies about faces: templates, enrolled pictures and verified frames."""

from __future__ import annotations

import base64
from typing import Annotated
from uuid import UUID

from pydantic import Field

from shared.errors import Corrupt
from shared.fields import Name, Text, Unit, Utc
from shared.messages.message import Message

MAX_PICTURE_BYTES = 900_000
"""The most for a re-encoded enrollment picture, so that its sealed command is below NATS' message limit."""


class Template(Message):
    """A face template: the mean embedding of one recogniser."""

    embedding_id: UUID
    recogniser: Name
    """`name@version`."""
    vector: Annotated[str, Field(max_length=16_384)]
    """Little-endian float32, base64."""


class FailedCheck(Message):
    """One failed check of a gate."""

    check: Name
    value: float | None
    bound: Text
    advice: Text
    """What to do about it, for the candidate."""


class FacePicture(Message):
    """The measurements of a picture's one face."""

    box_px: tuple[float, float, float, float]
    """x, y, width, height."""
    quality: Unit
    sharpness: float
    brightness: float
    illumination_variance: float
    pitch_deg: float | None
    yaw_deg: float | None
    roll_deg: float | None


class EnrolledPicture(Message):
    """Reply to `enroll`, sealed to the candidate's template key. The request's body is the JPEG itself."""

    faces: int
    face: FacePicture | None
    failed: tuple[FailedCheck, ...]
    templates: Annotated[tuple[Template, ...], Field(max_length=8)]
    """One per recogniser of the node; empty when a check failed."""


class VerifyFrame(Message):
    """Body of `verify`: compare one buffered frame, by default the newest, with the enrolled face."""

    session_id: UUID
    frame_id: Annotated[int, Field(ge=0)] | None = None


class VerifiedFrame(Message):
    """Reply to `verify`, sealed to the session's candidate-and-exam key."""

    frame_id: int
    match: bool | None
    """None when the frame did not pass the verification gate: neither match nor mismatch."""
    similarity: Unit | None
    threshold: Unit
    embedding_id: UUID | None
    face: FacePicture | None
    failed: tuple[FailedCheck, ...]
    captured_utc: Utc


def encode_vector(values: bytes) -> str:
    """Encode raw little-endian float32 bytes as base64."""
    return base64.b64encode(values).decode("ascii")


def decode_vector(text: str) -> bytes:
    """Decode a vector's base64 to raw bytes. Raises `Corrupt` when it is invalid."""
    try:
        raw = base64.b64decode(text, validate=True)
    except ValueError as error:
        raise Corrupt("a template's vector is not base64") from error
    if not raw or len(raw) % 4:
        raise Corrupt("a template's vector is not float32")
    return raw

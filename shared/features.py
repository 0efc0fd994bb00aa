"""Defines the log of features: what was measured in each short window of a session, for a later classifier.

A vector has measurements and no picture, sound, name or verdict. It leaves its node only where the exam's
policy turns the log on and the candidate agreed to that purpose of its own, sealed to a key of its own
(`StartSession.features_key`). What is unknown is missing in it, never zero; a window in which nothing was
looked at has no vector at all.

A minute's vectors are one message, sent on the subject of the node's technical alerts. It has no sequence
there and no mark covers it: one that is lost leaves a gap, which the export names.
"""

from __future__ import annotations

from typing import Annotated, Final, Literal
from uuid import UUID, uuid5

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from shared.canonical import canonical_json, parse_json
from shared.errors import Corrupt
from shared.fields import Utc
from shared.messages.message import Message

WINDOW_S: Final = 5.0
"""The length of a window; window 0 begins with the session's clock."""
MOST_VECTORS: Final = 12
"""Of one message: a minute's."""
MAX_BATCH_BYTES: Final = 16_384
_NAMESPACE: Final = UUID("7a0d3c3e-52a4-4f0b-9a55-3e0f6f2b1c44")

Share = Annotated[float, Field(ge=0, le=1, allow_inf_nan=False)] | None
Degrees = Annotated[float, Field(ge=-360, le=360, allow_inf_nan=False)] | None


class FeatureVector(BaseModel):
    """What was measured in one window: means over its looks; None: unknown."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    window: Annotated[int, Field(ge=0, le=10_000_000)]
    level: Annotated[int, Field(ge=0, le=4)]
    """The degradation level at its end."""
    watched_face: Annotated[float, Field(ge=0, le=1)]
    """The share of its seconds in which there was a look for faces, …"""
    watched_body: Annotated[float, Field(ge=0, le=1)]
    """… for the body, …"""
    watched_sound: Annotated[float, Field(ge=0, le=1)]
    """… and at the sound."""
    faces: Annotated[float, Field(ge=0, le=100)] | None = None
    """Faces in the picture."""
    similarity: Share = None
    gaze_pitch_deg: Degrees = None
    gaze_yaw_deg: Degrees = None
    """Without blinks."""
    head_pitch_deg: Degrees = None
    head_yaw_deg: Degrees = None
    head_roll_deg: Degrees = None
    shoulders: Share = None
    """The share of the looks that saw the shoulders."""
    speech: Share = None
    """The mean probability of speech."""


class FeaturesHeader(Message):
    """Clear part of a message: only ids."""

    kind: Literal["features"] = "features"
    batch_id: UUID
    session_id: UUID
    tenant_id: UUID
    node_id: UUID
    epoch: Annotated[int, Field(ge=1, le=2**31 - 1)]
    key_id: UUID
    """The key of this candidate's and exam's features."""
    created_utc: Utc


class FeaturesBody(BaseModel):
    """Body of a message: the vectors of a minute or less, in order."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    version: Literal[1] = 1
    zero_utc: Utc
    """When the session's clock began, by the node's clock: alerts have the same."""
    vectors: Annotated[tuple[FeatureVector, ...], Field(min_length=1, max_length=MOST_VECTORS)]


def batch_id(session_id: UUID, epoch: int, first_window: int) -> UUID:
    """The id of a message: the same at every try."""
    return uuid5(_NAMESPACE, f"{session_id}|{epoch}|{first_window}")


def encode_features(features: FeaturesBody) -> bytes:
    """The body of a message."""
    return canonical_json(features.model_dump(mode="json", exclude_none=True))


def decode_features(data: bytes) -> FeaturesBody:
    """Read a body. Raises `Corrupt` if it is too large or not valid."""
    if len(data) > MAX_BATCH_BYTES:
        raise Corrupt(f"features of {len(data)} bytes exceed {MAX_BATCH_BYTES}")
    try:
        return FeaturesBody.model_validate(parse_json(data))
    except ValidationError as error:
        raise Corrupt("these are no features") from error

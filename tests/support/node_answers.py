"""What a node answers, and says of its sessions, where a test has nothing else to say."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any
from uuid import UUID, uuid4

from shared.enrollment import floats_of
from shared.messages.comparing import ComparedTemplates, CompareTemplates
from shared.messages.faces import (
    EnrolledPicture,
    FacePicture,
    FailedCheck,
    Template,
    decode_vector,
    encode_vector,
)
from shared.messages.heartbeats import SessionState
from shared.messages.sessions import SessionAccepted


@dataclass(frozen=True)
class Refusal:
    """An answer of a node that will not: what `ReplyHeader` says instead of ok."""

    status: str
    code: str
    http_status: int
    message: str


GONE = Refusal("rejected", "frame-gone", 410, "the frame is no longer in the buffer")
NOT_HERE = Refusal("rejected", "session-unknown", 404, "no such session runs on this node")
RECOGNISER = "test-recogniser@1"
FACE = FacePicture(
    box_px=(120.0, 80.0, 230.0, 230.0),
    quality=0.9,
    sharpness=45.0,
    brightness=130.0,
    illumination_variance=900.0,
    pitch_deg=5.0,
    yaw_deg=-2.0,
    roll_deg=1.0,
)


def good_picture(vector: bytes = b"\x00\x00\x80\x3f" * 4, quality: float = 0.9) -> EnrolledPicture:
    """What a node says of a picture that passes: one face, one template (little-endian float32)."""
    template = Template(embedding_id=uuid4(), recogniser=RECOGNISER, vector=encode_vector(vector))
    return EnrolledPicture(
        faces=1, face=FACE.model_copy(update={"quality": quality}), failed=(), templates=(template,)
    )


def failing_picture(check: str, value: float, bound: str, advice: str, faces: int = 1) -> EnrolledPicture:
    """What a node says of a picture that one check refuses."""
    failed = (FailedCheck(check=check, value=value, bound=bound, advice=advice),)
    return EnrolledPicture(faces=faces, face=FACE if faces == 1 else None, failed=failed, templates=())


def accepted(session_id: UUID) -> SessionAccepted:
    """What a node answers to `start`."""
    return SessionAccepted(
        session_id=session_id,
        signaling_url=f"ws://127.0.0.1:8100/signal/{session_id}",
        whip_url=f"http://127.0.0.1:8100/whip/{session_id}",
    )


def cosines(asked: CompareTemplates) -> ComparedTemplates:
    """What a node answers to `compare`: here the plain cosine, never below 0."""
    probe = {one.recogniser: floats_of(decode_vector(one.vector)) for one in asked.probe}
    similarities = []
    for other in asked.others:
        values = floats_of(decode_vector(other.vector))
        own = probe.get(other.recogniser)
        cosine = None if own is None else sum(a * b for a, b in zip(own, values, strict=True))
        similarities.append(None if cosine is None else min(1.0, max(0.0, cosine)))
    return ComparedTemplates(similarities=tuple(similarities))


def watching(session_id: UUID, **more: Any) -> SessionState:
    """What a heartbeat says of a session that runs."""
    said = {"epoch": 1, "phase": "watching", "frames_processed": 10, "alerts_triggered": 0}
    return SessionState.model_validate({"session_id": session_id, "last_verified_utc": None, **said, **more})

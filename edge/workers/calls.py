"""The calls of `edge.sessions.port.Worker` as values, and what a worker's process reports. Pure.

A call that a worker refuses is answered with a `SentError`, which becomes the same error on the other side.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any, Final, Literal
from uuid import UUID

from edge.analysis.measured import Looked, Measured
from edge.outbound.envelope import OutgoingAlert
from edge.sessions.port import AssignmentId, MeasuredWindows, Notice, PageId, WorkerReport
from shared.cameras import Camera
from shared.errors import ConfigError, Corrupt, ProctorError, Rejected, Unavailable
from shared.messages.comparing import ComparedTemplates, CompareTemplates
from shared.messages.faces import EnrolledPicture, VerifiedFrame
from shared.messages.sessions import StartSession
from shared.policy.terms import Gate


@dataclass(frozen=True, slots=True)
class Start:
    """Watch a session; with a blob, go on from that saved state."""

    order: StartSession
    kind: Literal["start"] = "start"


@dataclass(frozen=True, slots=True)
class Change:
    order: StartSession
    kind: Literal["change"] = "change"


@dataclass(frozen=True, slots=True)
class End:
    assignment: AssignmentId
    handed_over: bool = False
    kind: Literal["end"] = "end"


@dataclass(frozen=True, slots=True)
class Answer:
    page: PageId
    offer_sdp: str
    kind: Literal["answer"] = "answer"


@dataclass(frozen=True, slots=True)
class AddCandidate:
    page: PageId
    candidate: str
    mid: str | None
    index: int | None
    kind: Literal["add-candidate"] = "add-candidate"


@dataclass(frozen=True, slots=True)
class ShowCamera:
    page: PageId
    camera: Camera
    kind: Literal["show-camera"] = "show-camera"


@dataclass(frozen=True, slots=True)
class Left:
    page: PageId
    kind: Literal["left"] = "left"


@dataclass(frozen=True, slots=True)
class Verify:
    assignment: AssignmentId
    frame_id: int | None
    kind: Literal["verify"] = "verify"


@dataclass(frozen=True, slots=True)
class Enroll:
    """Examine the picture in the blob."""

    gate: Gate
    kind: Literal["enroll"] = "enroll"


@dataclass(frozen=True, slots=True)
class Compare:
    order: CompareTemplates
    kind: Literal["compare"] = "compare"


@dataclass(frozen=True, slots=True)
class SetLevel:
    level: int
    kind: Literal["set-level"] = "set-level"


@dataclass(frozen=True, slots=True)
class Report:
    kind: Literal["report"] = "report"


Call = (
    Start
    | Change
    | End
    | Answer
    | AddCandidate
    | ShowCamera
    | Left
    | Verify
    | Enroll
    | Compare
    | SetLevel
    | Report
)
ANSWERS: Final[Mapping[str, Any]] = MappingProxyType(
    {
        "answer": str,
        "verify": VerifiedFrame,
        "enroll": EnrolledPicture,
        "compare": ComparedTemplates,
        "report": WorkerReport,
    }
)
"""The type of a call's answer, by its kind; other calls have none."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Said:
    """What a session has reported since its last `Said`. The blob is its state after that, so that reports
    and state are received together or not at all; no blob: nothing was saved."""

    assignment: AssignmentId
    alerts: tuple[OutgoingAlert, ...] = ()
    notices: tuple[Notice, ...] = ()
    delivers: UUID | None = None
    """The page of the last `Delivers`."""
    features: tuple[MeasuredWindows, ...] = ()
    over: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Pulse:
    """How a worker's process does."""

    loop_p95_s: float = 0.0
    """Lateness of its event loop: the 95th percentile of the last seconds …"""
    loop_p99_s: float = 0.0
    """… the 99th of the last minute …"""
    loop_worst_s: float = 0.0
    """… and the longest block of the last minute."""
    cpu_s: float = 0.0
    """Processor time that it has used so far."""
    calls: tuple[Measured, ...] = ()
    """The network calls since the last pulse …"""
    looks: tuple[Looked, ...] = ()
    """… and the analysed pictures."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SentError:
    """One of the project's errors."""

    kind: Literal["unavailable", "rejected", "corrupt", "config"]
    message: str
    code: str = ""
    status: int = 0
    retry_after_s: int | None = None
    errors: tuple[Mapping[str, Any], ...] = ()


def refusal_of(error: Exception) -> SentError:
    """Describe an error for the other side. Of a foreign error only the class is sent."""
    match error:
        case Rejected():
            return SentError(
                kind="rejected",
                message=str(error),
                code=error.code,
                status=error.status,
                retry_after_s=error.retry_after_s,
                errors=tuple(error.errors),
            )
        case Corrupt():
            return SentError(kind="corrupt", message=str(error))
        case ConfigError():
            return SentError(kind="config", message=str(error))
        case Unavailable():
            return SentError(
                kind="unavailable", message=str(error), code=error.code, retry_after_s=error.retry_after_s
            )
    return SentError(
        kind="unavailable", message=f"the call failed: {type(error).__name__}", code="unavailable"
    )


def error_of(refusal: SentError) -> ProctorError:
    """The error that was sent."""
    after_s = refusal.retry_after_s
    if refusal.kind == "rejected":
        return Rejected(
            refusal.message,
            code=refusal.code,
            status=refusal.status,
            retry_after_s=after_s,
            errors=refusal.errors,
        )
    if refusal.kind == "corrupt":
        return Corrupt(refusal.message)
    if refusal.kind == "config":
        return ConfigError(refusal.message)
    return Unavailable(refusal.message, code=refusal.code, retry_after_s=5 if after_s is None else after_s)

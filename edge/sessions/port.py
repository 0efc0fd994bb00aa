"""The border between the control side of a node and the worker that watches its sessions.

    control side                              worker
    doors, commands, heartbeat ───calls────>  connections, senses, watch
    outbox, pages, metrics     <───told─────  alerts, notices, ends, measured calls

Only values cross it: frozen, no larger than a picture, and such that pickle gives them back. So a worker may
be a part of the control process (`edge.sessions.local_worker`) or a process of its own. The worker needs the
orders and no key of the node: what it tells is numbered, sealed and written down on the control side.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Protocol
from uuid import UUID

from edge.analysis.measured import Measured
from edge.outbound.envelope import OutgoingAlert
from shared.face_messages import ComparedTemplates, CompareTemplates
from shared.messages import EnrolledPicture, SessionState, StartSession, VerifiedFrame
from shared.policy.terms import Gate


@dataclass(frozen=True, slots=True)
class AssignmentId:
    """One session as it was given to this node once; given again, it has another epoch."""

    session_id: UUID
    epoch: int


@dataclass(frozen=True, slots=True)
class PageId:
    """One page of a candidate; the page that connects again is another."""

    assignment: AssignmentId
    number: UUID


@dataclass(frozen=True, slots=True)
class Notice:
    """A message for the candidate's page: never scores or pictures."""

    assignment: AssignmentId
    message: Mapping[str, Any]
    """As JSON has it."""


@dataclass(frozen=True, slots=True)
class SessionOver:
    """A session has ended, as it was asked to or because it failed; nothing more is told of it."""

    assignment: AssignmentId


Told = OutgoingAlert | Notice | SessionOver | Measured
"""What a worker tells without being asked, in the order in which it happened."""
Tell = Callable[[Told], None]


@dataclass(frozen=True, slots=True, kw_only=True)
class WorkerReport:
    """How a worker is and what it serves, at one moment."""

    level: int
    """Of degradation, in force for all its sessions."""
    device: str
    """The devices verified in use."""
    models: Mapping[str, str]
    """Network per task as `name@version`."""
    recognisers: tuple[str, ...]
    """Best first."""
    analysis_works: bool
    """Its networks are open and answer."""
    calls_waiting: Mapping[str, int]
    """Calls to a network that wait, by task."""
    dropped: Mapping[str, int]
    """Frames and packets that were never looked at, by reason, over all its sessions so far."""
    sessions: tuple[SessionState, ...]
    """Every session that is not over."""


class Worker(Protocol):
    """Watches the sessions it is given. Any call may raise `Unavailable`."""

    async def start(self, order: StartSession) -> None:
        """Watch from now on. Raises `Corrupt` for keys or templates that are none."""

    async def change(self, order: StartSession) -> None:
        """Go on with an assignment under a changed order.

        Raises `Corrupt` for templates that are none, with nothing changed, `Rejected` (404) after the end.
        """

    async def end(self, assignment: AssignmentId) -> None:
        """Begin to end; `SessionOver` is told after the last alert. Harmless after the end."""

    async def answer(self, page: PageId, offer_sdp: str) -> str:
        """The answer to a page's offer; the session's connection before it is closed.

        Raises `Rejected`: for an offer that is no good, 409 where another was quicker, 410 after the end.
        """

    async def add_candidate(self, page: PageId, candidate: str, mid: str | None, index: int | None) -> None:
        """Add an ICE candidate to the page's connection, if it still has one. Raises `Rejected`."""

    async def left(self, page: PageId) -> None:
        """The page hung up: close its connection, if it still has one."""

    async def verify(self, assignment: AssignmentId, frame_id: int | None) -> VerifiedFrame:
        """Compare one of the last frames, or the newest, with the enrolled face.

        Raises `Rejected`: 404 after the end, 409 before the first frame, 410 for a frame no longer in memory.
        """

    async def enroll(self, jpeg: bytes, gate: Gate) -> EnrolledPicture:
        """Examine one picture; nothing of it is kept. Raises `Rejected` for what is no picture."""

    async def compare(self, order: CompareTemplates) -> ComparedTemplates:
        """Compare templates; nothing of them is kept. Raises `Corrupt` for a vector that is none."""

    async def set_level(self, level: int) -> None:
        """Analyse at another level of degradation, each session from its next frame on."""

    async def report(self) -> WorkerReport:
        """How it is now."""


def about(told: OutgoingAlert | Notice | SessionOver) -> AssignmentId:
    """Which assignment something told is about."""
    if isinstance(told, OutgoingAlert):
        return AssignmentId(told.envelope.session_id, told.envelope.epoch)
    return told.assignment


def assignment_of(order: StartSession) -> AssignmentId:
    """Which assignment an order is about."""
    return AssignmentId(order.session_id, order.epoch)

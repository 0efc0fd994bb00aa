"""Defines the border between the control side of a node and the worker that watches its sessions.

    control side                              worker
    doors, commands, heartbeat ───calls────>  connections, senses, watch
    outbox, pages, metrics     <───told─────  alerts, notices, ends, measurements

Only values cross it: frozen, and no larger than a picture. So a worker may be part of the control process
(`edge.sessions.local_worker`) or a process of its own (`edge.workers`). The worker gets the orders but no key
of the node: the control side numbers, seals and stores its alerts.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Protocol
from uuid import UUID

from edge.analysis.measured import Looked, Measured
from edge.outbound.envelope import OutgoingAlert
from shared.cameras import Camera
from shared.features import FeatureVector
from shared.messages.comparing import ComparedTemplates, CompareTemplates
from shared.messages.faces import EnrolledPicture, VerifiedFrame
from shared.messages.heartbeats import SessionState
from shared.messages.sessions import StartSession
from shared.policy.terms import Gate


@dataclass(frozen=True, slots=True)
class AssignmentId:
    """One assignment of a session to this node. A new assignment has another epoch."""

    session_id: UUID
    epoch: int


@dataclass(frozen=True, slots=True)
class PageId:
    """One page of a candidate. A page that reconnects gets a new id."""

    assignment: AssignmentId
    number: UUID
    tab: UUID | None = None
    """The id of the browser's window, which stays the same when it reconnects; None: the page sent none."""


@dataclass(frozen=True, slots=True)
class Notice:
    """A message for the candidate's page. It never has scores or pictures."""

    assignment: AssignmentId
    message: Mapping[str, Any]
    """JSON values."""


@dataclass(frozen=True, slots=True)
class SessionOver:
    """A session has ended, on request or because it failed. It is the last report of the session."""

    assignment: AssignmentId


@dataclass(frozen=True, slots=True)
class Moved:
    """A session goes on in another worker; its page's connection is gone, so the page must connect again."""

    assignment: AssignmentId


@dataclass(frozen=True, slots=True)
class Delivers:
    """The media of a page arrive and are watched: pages that connected before it have lost their place."""

    assignment: AssignmentId
    page: UUID
    """`PageId.number`."""


@dataclass(frozen=True, slots=True)
class MeasuredWindows:
    """What was measured in some windows of a session, for the log that its candidate agreed to."""

    assignment: AssignmentId
    zero_utc: datetime
    """When the session's clock began."""
    vectors: tuple[FeatureVector, ...]


Told = OutgoingAlert | Notice | SessionOver | Moved | Delivers | MeasuredWindows | Measured | Looked
"""What a worker reports on its own, in the order of the events."""
Tell = Callable[[Told], None]


@dataclass(frozen=True, slots=True)
class Arrived:
    """How many pictures have reached one session in its process."""

    assignment: AssignmentId
    received: int


@dataclass(frozen=True, slots=True, kw_only=True)
class WorkerReport:
    """A worker's state and its sessions at one moment."""

    level: int
    """Degradation level of all its sessions."""
    device: str
    """The devices verified in use."""
    models: Mapping[str, str]
    """Network per task as `name@version`."""
    recognisers: tuple[str, ...]
    """Best first."""
    analysis_works: bool
    """Whether its networks are open and answer."""
    calls_waiting: Mapping[str, int]
    """Calls that wait for a network, by task."""
    dropped: Mapping[str, int]
    """Frames and packets that were not analysed, by reason, over all its sessions so far."""
    connection_errors: Mapping[str, int]
    """Connections of pages that were refused or failed, by cause, over all its sessions so far."""
    sessions: tuple[SessionState, ...]
    """Every session that is not over."""
    arrived: tuple[Arrived, ...] = ()
    """Of every session that is not over."""
    pictures: Mapping[str, int] = field(default_factory=dict)
    """What became of all pictures so far: `received` is `looked_at`, `not_due`, `dropped` and `waiting`."""
    decode_s: float = 0.0
    """Processor time spent on decoding, over all its sessions so far."""


class Worker(Protocol):
    """Watches the sessions assigned to it. Any call may raise `Unavailable`."""

    async def start(self, order: StartSession) -> None:
        """Watch from now on. Raises `Corrupt` for invalid keys or templates."""

    async def change(self, order: StartSession) -> None:
        """Apply a changed order to an assignment. Where its versions of networks cannot be opened, those that
        look now go on, and the rest of it counts.

        Raises `Corrupt` for invalid templates (nothing is changed), `Rejected` (404) after the end.
        """

    async def end(self, assignment: AssignmentId, *, handed_over: bool = False) -> None:
        """Start to end the session; `SessionOver` follows its last alert. Has no effect after the end.

        `handed_over`: another node goes on with it, so open events are not reported as over.
        """

    async def answer(self, page: PageId, offer_sdp: str) -> str:
        """Answer a page's offer. Once its media arrive, they take the place of those watched so far.

        Raises `Rejected`: for an invalid offer, 409 when a newer one was answered first, 410 after the end.
        """

    async def add_candidate(self, page: PageId, candidate: str, mid: str | None, index: int | None) -> None:
        """Add an ICE candidate to the page's connection, if it still has one. Raises `Rejected`."""

    async def show_camera(self, page: PageId, camera: Camera) -> None:
        """Receive a page's description of its camera. Has no effect after the end."""

    async def left(self, page: PageId) -> None:
        """Close the connection of a page that left, if it still has one."""

    async def saved(self, assignment: AssignmentId) -> bytes | None:
        """The session's last saved state as JSON, with everything that it has reported; None: there is none
        yet, or the session is over."""

    async def verify(self, assignment: AssignmentId, frame_id: int | None) -> VerifiedFrame:
        """Compare one of the last frames, by default the newest, with the enrolled face.

        Raises `Rejected`: 404 after the end, 409 before the first frame, 410 for a frame no longer in memory.
        """

    async def enroll(self, jpeg: bytes, gate: Gate) -> EnrolledPicture:
        """Examine one picture. Nothing is kept. Raises `Rejected` when it is not a picture."""

    async def compare(self, order: CompareTemplates) -> ComparedTemplates:
        """Compare templates. Nothing is kept. Raises `Corrupt` for an invalid vector."""

    async def set_level(self, level: int) -> None:
        """Change the degradation level; each session uses it from its next frame on."""

    async def report(self) -> WorkerReport:
        """The worker's state now."""


def about(told: OutgoingAlert | Notice | SessionOver | Moved | Delivers | MeasuredWindows) -> AssignmentId:
    """The assignment that a report is about."""
    if isinstance(told, OutgoingAlert):
        return AssignmentId(told.envelope.session_id, told.envelope.epoch)
    return told.assignment


def assignment_of(order: StartSession) -> AssignmentId:
    """The assignment that an order is about."""
    return AssignmentId(order.session_id, order.epoch)

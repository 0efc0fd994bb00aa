"""Heartbeats of nodes, and the coordinator's high-water marks in reply."""

from __future__ import annotations

from typing import Annotated, Literal
from uuid import UUID

from pydantic import Field

from shared.consents import Purpose
from shared.events.types import Lane
from shared.fields import KeyText, Name, Utc
from shared.messages.desired import DesiredReport
from shared.messages.message import Message
from shared.messages.versions import AtHand, Tallies, Versions
from shared.unwatched import Kind

HEARTBEAT_INTERVAL_S = 5.0
MAX_BEATS_PER_S = 2.0
"""The most heartbeats of one node: one every 5 s, one at once when its hub reconnects, and more while pages
connect and are lost."""
MISSING_AFTER_S = 15.0
"""A node without a heartbeat for this long gets no new sessions."""
MAX_CLOCK_SKEW_S = 25.0
"""The most skew between the clocks of node and coordinator, a little below a command's lifetime. With more, a
node refuses every command as stale, so it is sent none and gets no new sessions."""
MAX_BYTES = 2**53 - 1
"""The largest whole number that the signed form can say."""
Amount = Annotated[float, Field(ge=0, allow_inf_nan=False)]
Seconds = dict[Kind, Amount]
"""Seconds by kind of look."""


OtherHost = Literal["none", "seen", "refused"]
"""Whether another host has the node's identity: none; one that is refused; or this one is the one refused."""


class OutboxState(Message):
    """The state of one lane of a node's outbox."""

    outbox_id: UUID
    lane: Lane
    last_sequence: int
    waiting: int
    dropped: int
    """Alerts deleted at the outbox's limit since it was created."""
    first_waiting: Annotated[int, Field(ge=1)] = 1
    """The lowest sequence still held. Lower ones that were never committed are lost, so a mark may skip
    them. One above `last_sequence` when nothing waits."""


class SessionState(Message):
    """One session as the node sees it; no names."""

    session_id: UUID
    epoch: int
    phase: Name
    frames_processed: int
    alerts_triggered: int
    last_verified_utc: Utc | None
    policy_version: int | None = None
    """Its policy version: the coordinator repeats changes that a node missed. None: unknown."""
    paused: bool | None = None
    expires_utc: Utc | None = None
    hears_phrases: bool | None = None
    """Whether it listens for phrases: the coordinator repeats a missed withdrawal of the consent."""
    logs_features: bool | None = None
    """Whether it logs features: the coordinator repeats a missed withdrawal of the consent."""
    token_key_id: Name | None = None
    """The `kid` of the key that its candidate's tokens are checked with: the coordinator repeats a missed
    revocation. None: unknown."""
    device: Annotated[int, Field(ge=0)] | None = None
    """The number of the bound device that the node knows, so that the coordinator can repeat a change that it
    missed. None: unknown."""
    withheld: Annotated[tuple[Purpose, ...], Field(max_length=len(Purpose))] | None = None
    """The purposes it does nothing for: the coordinator repeats a change that it missed. None: unknown."""
    networks: Versions | None = None
    """The versions that it was ordered to look with in place of its own, so that the coordinator can repeat a
    change that it missed. None: unknown."""
    shadow: Versions | None = None
    """The versions that it was ordered to compare with those that look. None: unknown."""
    compared: Tallies = Field(default_factory=dict)
    """How far these agreed so far."""
    unwatched_s: Seconds | None = None
    """Seconds in which nobody looked, for each kind of look that was expected, since this node got the
    session. None: unknown."""


class Measures(Message):
    """What a node measures of itself. None: it does not know, or its program is older than the field."""

    product: Name | None = None
    """The version of its program."""
    lag_p95_s: Amount | None = None
    """From a call to a network until its answer: 95th percentile of the last seconds."""
    cpu: Amount | None = None
    """Share of the processor time that it may use; 1 is all of it."""
    memory: Amount | None = None
    """Share of the memory that it may use."""
    disk_free_bytes: Annotated[int, Field(ge=0, le=MAX_BYTES)] | None = None
    """Where its outbox is."""
    clock_offset_s: Annotated[float, Field(allow_inf_nan=False)] | None = None
    """The coordinator's clock less its own."""
    certificate_begins_utc: Utc | None = None
    certificate_ends_utc: Utc | None = None
    """None also for a node that has not joined with a token."""


class Heartbeat(Message):
    """A node's state every 5 s: header only, signed, without personal data."""

    kind: Literal["heartbeat"] = "heartbeat"
    node_id: UUID
    boot_id: UUID
    """A new id at each start of the daemon."""
    sent_utc: Utc
    region: Name
    sealing_key: Name
    signaling_url: Name
    health: Annotated[int, Field(ge=0, le=10)]
    """0 broken … 10 healthy."""
    level: Annotated[int, Field(ge=0, le=4)]
    rating: int
    """The most sessions of this node."""
    device: Name
    models: dict[str, Name]
    recognisers: tuple[Name, ...]
    outbox: tuple[OutboxState, ...]
    reasons: Annotated[tuple[Name, ...], Field(max_length=32)] = ()
    """What lowers its health, in stable words."""
    refused_commands: Annotated[dict[Name, Annotated[int, Field(ge=0)]], Field(max_length=32)] = Field(
        default_factory=dict
    )
    """Commands it refused since its start, by reason; `stale` points to a wrong clock."""
    sessions: Annotated[tuple[SessionState, ...], Field(max_length=500)] = ()
    """All its sessions. The coordinator restarts a session that is missing here."""

    seats: Annotated[int, Field(ge=0, le=500)] | None = None
    """Places that its sessions hold: those of candidates who are connected or due. None: all."""

    measures: Measures | None = None
    """None: an older program."""
    answers_for_host: bool = False
    """Whether its program obeys only commands for its own `boot_id`, answers `here`, and may be told of other
    hosts. False: an older program."""
    desired: DesiredReport | None = None
    """What became of the settings that it was given. None: an older program, which knows of none."""
    hybrid_key: KeyText | None = None
    """The hybrid key of this run of the daemon (`mlkem768-x25519:…`), beside `sealing_key`. None: an older
    program, which is told of no hybrid key either."""

    at_hand: AtHand = Field(default_factory=dict)
    """The versions of networks that this node can open, its own among them. Empty: an older program, which
    opens no other than its own."""

    @property
    def load(self) -> int:
        """The number of places taken."""
        return len(self.sessions) if self.seats is None else self.seats

    @property
    def waiting(self) -> int:
        """The number of alerts that the coordinator has not committed yet."""
        return sum(lane.waiting for lane in self.outbox)


class LaneMark(Message):
    """All alerts of this outbox and lane up to `sequence` are committed at the coordinator."""

    outbox_id: UUID
    lane: Lane
    sequence: Annotated[int, Field(ge=0)]


class Marks(Message):
    """Committed high-water marks of one node: header only, signed by the coordinator.

    The reply to a heartbeat; also sent when marks advance. The outbox deletes only alerts up to a mark.
    """

    kind: Literal["marks"] = "marks"
    node_id: UUID
    marks: tuple[LaneMark, ...]
    sent_utc: Utc | None = None
    """Time of the coordinator's clock; a node compares its own clock with it."""
    other_host: OtherHost | None = None
    """None: it is not said now."""

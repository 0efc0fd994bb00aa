"""An alert that leaves its session, and the keys it is sealed to. Only values: they may come from another
process."""

from __future__ import annotations

from dataclasses import dataclass
from uuid import UUID

from edge.judging.alerts import AlertRevision
from shared.events.table import lane
from shared.events.types import Lane
from shared.messages.sessions import StartSession
from shared.sealing import parse_sealing_public
from shared.traces.spans import Span


@dataclass(frozen=True, slots=True, kw_only=True)
class Envelope:
    """The common parts of one session's messages."""

    tenant_id: UUID
    session_id: UUID
    epoch: int
    key_id: UUID
    seal_to: str
    """The candidate-and-exam key, public half (`x25519:…`); this node cannot open what it has sealed."""
    transcript_key_id: UUID | None = None
    transcripts_to: str | None = None
    """The session's transcript key, public half. None: no spoken words leave this node."""
    evidence_key_id: UUID | None = None
    evidence_to: str | None = None
    """The evidence key of candidate and exam, public half. None: no picture leaves this node."""


@dataclass(frozen=True, slots=True)
class OutgoingAlert:
    """A revision of an alert, still unsealed, with its envelope."""

    revision: AlertRevision
    envelope: Envelope
    spans: tuple[Span, ...] = ()
    """What led to it, for its trace."""

    @property
    def lane(self) -> Lane:
        """The lane in which it is numbered and sent."""
        return lane(self.revision.alert.event_type)


def envelope_of(order: StartSession) -> Envelope:
    """The envelope of an assignment's alerts. Raises `Corrupt` for invalid keys."""
    for key in (order.seal_key, order.transcript_key, order.evidence_key):
        if key is not None:
            parse_sealing_public(key)
    return Envelope(
        tenant_id=order.tenant_id,
        session_id=order.session_id,
        epoch=order.epoch,
        key_id=order.seal_key_id,
        seal_to=order.seal_key,
        transcript_key_id=order.transcript_key_id,
        transcripts_to=order.transcript_key,
        evidence_key_id=order.evidence_key_id,
        evidence_to=order.evidence_key,
    )

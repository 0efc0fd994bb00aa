"""An alert into its signed and sealed message. Pure."""

from __future__ import annotations

import logging
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PublicKey

from edge.judging.alerts import AlertRevision
from edge.node_identity import Identity
from edge.outbound.outbox import Sealed
from shared.alerts import Alert, AlertHeader, encode_alert
from shared.errors import Corrupt
from shared.events.table import lane
from shared.excerpts import ExcerptHeader, seal_excerpt
from shared.sealing import pack

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True, kw_only=True)
class Envelope:
    """What the messages of one session have in common."""

    tenant_id: UUID
    session_id: UUID
    epoch: int
    key_id: UUID
    seal_to: X25519PublicKey
    """The candidate-and-exam key; this node cannot open what it sealed."""
    transcript_key_id: UUID | None = None
    transcripts_to: X25519PublicKey | None = None
    """The session's transcript key. None: nothing that was said leaves this node."""


def with_excerpt(revision: AlertRevision, envelope: Envelope, identity: Identity) -> Alert:
    """The alert, with its excerpt sealed into it where the session has a key for that.

    An excerpt that grew too large is left out: the alert counts for more.
    """
    alert, excerpt = revision.alert, revision.excerpt
    if excerpt is None or envelope.transcripts_to is None or envelope.transcript_key_id is None:
        return alert
    header = ExcerptHeader(
        alert_id=alert.event_id, session_id=envelope.session_id, key_id=envelope.transcript_key_id
    )
    try:
        sealed = seal_excerpt(excerpt, header, identity.signing, envelope.transcripts_to)
    except Corrupt as error:
        log.warning("an excerpt is left out", extra={"error": str(error)})
        return alert
    return alert.model_copy(update={"sealed_excerpt": sealed})


def sealer(
    alert: Alert, revision: int, envelope: Envelope, identity: Identity, *, outbox_id: UUID, now_utc: datetime
) -> Callable[[int], Sealed]:
    """A function from the sequence the outbox gives to the message under it, with and without thumbnail.

    The function raises `Corrupt` for an alert too large to send.
    """
    body = encode_alert(alert)
    lean_body = None
    if alert.evidence_thumbnail is not None:
        lean_body = encode_alert(alert.model_copy(update={"evidence_thumbnail": None}))

    def seal(sequence: int) -> Sealed:
        header = AlertHeader(
            alert_id=alert.event_id,
            revision=revision,
            tenant_id=envelope.tenant_id,
            session_id=envelope.session_id,
            node_id=identity.node_id,
            outbox_id=outbox_id,
            lane=lane(alert.event_type),
            sequence=sequence,
            event_class=alert.event_class,
            epoch=envelope.epoch,
            key_id=envelope.key_id,
            created_utc=now_utc,
        ).model_dump(mode="json")
        message = pack(header, body, identity.signing, seal_to=envelope.seal_to)
        lean = lean_body and pack(header, lean_body, identity.signing, seal_to=envelope.seal_to)
        return Sealed(alert_id=alert.event_id, revision=revision, message=message, lean=lean)

    return seal

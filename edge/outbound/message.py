"""An alert into its signed and sealed message, once its place in the outbox is known. Pure."""

from __future__ import annotations

import logging
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from edge.node_identity import Identity
from edge.outbound.envelope import OutgoingAlert
from edge.outbound.outbox import Sealed
from shared.alerts import Alert, AlertHeader, encode_alert
from shared.errors import Corrupt
from shared.excerpts import ExcerptHeader, seal_excerpt
from shared.sealing import pack, parse_sealing_public

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """Where an alert stands: in which outbox, as which of its lane, since when."""

    outbox_id: UUID
    sequence: int
    created_utc: datetime


def seal(outgoing: OutgoingAlert, place: Place, node: Identity) -> Sealed:
    """The message of an alert in its place, with and without thumbnail.

    Raises `Corrupt` for an alert too large to send.
    """
    alert = with_excerpt(outgoing, node)
    header = _header(outgoing, place, node).model_dump(mode="json")
    seal_to = parse_sealing_public(outgoing.envelope.seal_to)
    lean = None
    if alert.evidence_thumbnail is not None:
        plain = alert.model_copy(update={"evidence_thumbnail": None})
        lean = pack(header, encode_alert(plain), node.signing, seal_to=seal_to)
    return Sealed(
        alert_id=alert.event_id,
        revision=outgoing.revision.revision,
        message=pack(header, encode_alert(alert), node.signing, seal_to=seal_to),
        lean=lean,
    )


def with_excerpt(outgoing: OutgoingAlert, node: Identity) -> Alert:
    """The alert, with its excerpt sealed into it where the session has a key for that.

    An excerpt that grew too large is left out: the alert counts for more.
    """
    alert, excerpt = outgoing.revision.alert, outgoing.revision.excerpt
    envelope = outgoing.envelope
    if excerpt is None or envelope.transcripts_to is None or envelope.transcript_key_id is None:
        return alert
    header = ExcerptHeader(
        alert_id=alert.event_id, session_id=envelope.session_id, key_id=envelope.transcript_key_id
    )
    try:
        sealed = seal_excerpt(excerpt, header, node.signing, parse_sealing_public(envelope.transcripts_to))
    except Corrupt as error:
        log.warning("an excerpt is left out", extra={"error": str(error)})
        return alert
    return alert.model_copy(update={"sealed_excerpt": sealed})


def _header(outgoing: OutgoingAlert, place: Place, node: Identity) -> AlertHeader:
    alert, envelope = outgoing.revision.alert, outgoing.envelope
    return AlertHeader(
        alert_id=alert.event_id,
        revision=outgoing.revision.revision,
        tenant_id=envelope.tenant_id,
        session_id=envelope.session_id,
        node_id=node.node_id,
        outbox_id=place.outbox_id,
        lane=outgoing.lane,
        sequence=place.sequence,
        event_class=alert.event_class,
        epoch=envelope.epoch,
        key_id=envelope.key_id,
        created_utc=place.created_utc,
    )

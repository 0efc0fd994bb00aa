"""Signs and seals an alert's message when its place in the outbox is known."""

from __future__ import annotations

import logging
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from edge.node_identity import Identity
from edge.outbound.envelope import Envelope, OutgoingAlert
from edge.outbound.outbox import Sealed
from shared.alerts import Alert, AlertHeader, encode_alert
from shared.bundles import framed
from shared.errors import Corrupt
from shared.evidence import EvidenceHeader, Picture, seal_picture
from shared.excerpts import ExcerptHeader, seal_excerpt
from shared.sealing import pack, parse_sealing_public

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True, kw_only=True)
class OutboxPlace:
    """An alert's place: its outbox, its sequence in the lane, and the time."""

    outbox_id: UUID
    sequence: int
    created_utc: datetime


def seal(outgoing: OutgoingAlert, place: OutboxPlace, node: Identity) -> Sealed:
    """The message of an alert at its place, and its pictures beside it.

    Raises `Corrupt` for an alert too large to send.
    """
    alert = _named(with_excerpt(outgoing, node), outgoing.envelope)
    header = _header(outgoing, place, node).model_dump(mode="json")
    seal_to = parse_sealing_public(outgoing.envelope.seal_to)
    return Sealed(
        alert_id=alert.event_id,
        revision=outgoing.revision.revision,
        message=pack(header, encode_alert(alert), node.signing, seal_to=seal_to),
        evidence=framed(_pictures(outgoing, node)) or None,
    )


def _named(alert: Alert, envelope: Envelope) -> Alert:
    """Without a key for pictures, the alert names none."""
    return alert if envelope.evidence_to else alert.model_copy(update={"evidence_pictures": ()})


def _pictures(outgoing: OutgoingAlert, node: Identity) -> list[bytes]:
    """The parcels of the revision's pictures. Pictures that are too large are left out: the alert matters
    more."""
    envelope, sealed = outgoing.envelope, []
    if envelope.evidence_to is None or envelope.evidence_key_id is None:
        return []
    seal_to = parse_sealing_public(envelope.evidence_to)
    for picture in outgoing.revision.pictures:
        header = _evidence_header(picture, outgoing, envelope.evidence_key_id, node)
        try:
            sealed.append(seal_picture(picture.jpeg, header, node.signing, seal_to))
        except Corrupt as error:
            log.warning("a picture is left out", extra={"error": str(error)})
    return sealed


def with_excerpt(outgoing: OutgoingAlert, node: Identity) -> Alert:
    """The alert, with its excerpt sealed into it if the session has a key for it.

    An excerpt that is too large is left out: the alert matters more.
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


def _evidence_header(
    picture: Picture, outgoing: OutgoingAlert, key_id: UUID, node: Identity
) -> EvidenceHeader:
    return EvidenceHeader(
        evidence_id=picture.ref.id,
        alert_id=outgoing.revision.alert.event_id,
        session_id=outgoing.envelope.session_id,
        tenant_id=outgoing.envelope.tenant_id,
        node_id=node.node_id,
        key_id=key_id,
    )


def _header(outgoing: OutgoingAlert, place: OutboxPlace, node: Identity) -> AlertHeader:
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

from dataclasses import replace
from uuid import UUID, uuid4

import pytest

from edge.judging.alerts import AlertRevision
from edge.outbound.envelope import Envelope, OutgoingAlert, envelope_of
from edge.outbound.message import OutboxPlace, seal, with_excerpt
from edge.outbound.outbox import Sealed
from shared.alerts import Alert, AlertHeader, decode_shown
from shared.bundles import bundled, unbundled
from shared.errors import Corrupt
from shared.events.types import EventType, Lane
from shared.evidence import onset_picture, open_picture, read_picture
from shared.excerpts import Excerpt, ExcerptHeader, open_excerpt
from shared.messages.message import parse
from shared.sealing import new_sealing_key, open_body, sealing_public_text, unpack, verify
from tests.support.album import EVIDENCE_KEY, JPEG
from tests.support.alerts import MADE_UTC, alert, envelope_to, first_revision, new_identity
from tests.support.orders import start_order

NODE = new_identity()
KEY = new_sealing_key()
SESSION, OUTBOX = uuid4(), uuid4()


def sealed_as(sequence: int, alert: Alert, revision: int = 1) -> Sealed:
    made = first_revision(alert) if revision == 1 else AlertRevision(alert, revision)
    outgoing = OutgoingAlert(made, envelope_to(KEY, SESSION))
    return seal(outgoing, OutboxPlace(outbox_id=OUTBOX, sequence=sequence, created_utc=MADE_UTC), NODE)


def test_a_message_is_signed_by_the_node_and_opens_only_with_the_exams_key() -> None:
    made = alert(SESSION, 12.5, thumbnail=True)
    parcel = unpack(sealed_as(7, made).message)
    verify(parcel, NODE.signing.public_key())
    assert decode_shown(open_body(parcel, KEY)).alert == made
    with pytest.raises(Corrupt):
        open_body(parcel, NODE.sealing)


def test_the_clear_header_carries_ids_and_order_and_nothing_of_the_person() -> None:
    made = alert(SESSION, 12.5, EventType.STREAM_STALLED)
    sealed = sealed_as(7, made, 2)
    header = parse(AlertHeader, unpack(sealed.message).header)
    assert (header.alert_id, header.revision, header.sequence) == (made.event_id, 2, 7)
    assert (header.lane, header.outbox_id, header.session_id) == (Lane.TECHNICAL, OUTBOX, SESSION)
    clear = unpack(sealed.message).header_bytes
    assert b"candidate" not in clear
    assert made.event_type.encode() not in clear


def beside(sealed: Sealed) -> tuple[bytes, ...]:
    return unbundled(bundled(sealed.message, sealed.evidence)).beside


def test_a_picture_is_a_parcel_of_its_own_that_only_the_evidence_key_opens() -> None:
    made = alert(SESSION, 12.5, thumbnail=True)
    sealed = sealed_as(7, made)
    [parcel] = beside(sealed)
    picture = read_picture(parcel, NODE.signing.public_key())
    [ref] = made.evidence_pictures
    assert open_picture(picture, ref, EVIDENCE_KEY).jpeg == JPEG
    with pytest.raises(Corrupt):
        open_picture(picture, ref, KEY)
    header = picture.header
    assert (header.alert_id, header.session_id, header.evidence_id) == (made.event_id, SESSION, ref.id)
    assert ref.sha256.encode() not in parcel + sealed.message
    assert len(sealed.message) < 0.4 * len(parcel)


def test_the_second_revision_names_the_picture_and_does_not_carry_it_again() -> None:
    made = alert(SESSION, 12.5, thumbnail=True)
    sealed = sealed_as(8, made, 2)
    assert sealed.evidence is None
    assert decode_shown(open_body(unpack(sealed.message), KEY)).alert == made


def test_without_a_key_for_pictures_none_leaves_the_node_and_none_is_promised() -> None:
    made = alert(SESSION, 12.5, thumbnail=True)
    envelope = replace(envelope_to(KEY, SESSION), evidence_key_id=None, evidence_to=None)
    place = OutboxPlace(outbox_id=OUTBOX, sequence=1, created_utc=MADE_UTC)
    sealed = seal(OutgoingAlert(first_revision(made), envelope), place, NODE)
    assert sealed.evidence is None
    assert decode_shown(open_body(unpack(sealed.message), KEY)).alert.evidence_pictures == ()


def test_a_picture_that_is_too_large_is_left_out_and_the_alert_goes() -> None:
    made = alert(SESSION, 12.5, thumbnail=True)
    huge = replace(first_revision(made), pictures=(onset_picture(made.event_id, bytes(50_000)),))
    place = OutboxPlace(outbox_id=OUTBOX, sequence=1, created_utc=MADE_UTC)
    assert seal(OutgoingAlert(huge, envelope_to(KEY, SESSION)), place, NODE).evidence is None


EXCERPT = Excerpt(phrases=("psst",), text="psst, number seven", duration_s=1.0, clip="")
SPOKEN = AlertRevision(alert(SESSION, 3.0, EventType.KEYWORD_SPOKEN), 1, EXCERPT)


def test_what_was_said_is_sealed_to_the_sessions_own_key_inside_the_alert() -> None:
    words = new_sealing_key()
    envelope = replace(
        envelope_to(KEY, SESSION),
        transcript_key_id=UUID(int=7),
        transcripts_to=sealing_public_text(words.public_key()),
    )
    place = OutboxPlace(outbox_id=OUTBOX, sequence=1, created_utc=MADE_UTC)
    parcel = unpack(seal(OutgoingAlert(SPOKEN, envelope), place, NODE).message)
    arrived = decode_shown(open_body(parcel, KEY)).alert
    assert arrived.sealed_excerpt is not None
    assert b"number seven" not in open_body(parcel, KEY)
    header = ExcerptHeader(alert_id=arrived.event_id, session_id=SESSION, key_id=UUID(int=7))
    assert open_excerpt(arrived.sealed_excerpt, header, words) == EXCERPT
    with pytest.raises(Corrupt):
        open_excerpt(arrived.sealed_excerpt, header, KEY)


def test_without_a_key_for_it_nothing_that_was_said_leaves_the_node() -> None:
    assert with_excerpt(OutgoingAlert(SPOKEN, envelope_to(KEY, SESSION)), NODE) == SPOKEN.alert


def test_an_orders_envelope_has_its_keys_and_nothing_else_of_it() -> None:
    public = sealing_public_text(new_sealing_key().public_key())
    order = start_order(epoch=3).model_copy(update={"transcript_key_id": uuid4(), "transcript_key": public})
    assert envelope_of(order) == Envelope(
        tenant_id=order.tenant_id,
        session_id=order.session_id,
        epoch=3,
        key_id=order.seal_key_id,
        seal_to=order.seal_key,
        transcript_key_id=order.transcript_key_id,
        transcripts_to=public,
        evidence_key_id=order.evidence_key_id,
        evidence_to=order.evidence_key,
    )


@pytest.mark.parametrize("key", ["seal_key", "transcript_key", "evidence_key"])
def test_an_order_with_a_key_that_is_none_has_no_envelope(key: str) -> None:
    with pytest.raises(Corrupt):
        envelope_of(start_order().model_copy(update={key: "x25519:AAAA"}))

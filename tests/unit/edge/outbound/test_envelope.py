from dataclasses import replace
from uuid import UUID, uuid4

import pytest

from edge.judging.alerts import AlertRevision
from edge.outbound.envelope import OutgoingAlert
from edge.outbound.message import Place, seal, with_excerpt
from edge.outbound.outbox import Sealed
from shared.alerts import Alert, AlertHeader, decode_alert
from shared.errors import Corrupt
from shared.events.types import EventType, Lane
from shared.excerpts import Excerpt, ExcerptHeader, open_excerpt
from shared.messages import parse
from shared.sealing import new_sealing_key, open_body, sealing_public_text, unpack, verify
from tests.support.alerts import MADE_UTC, alert, envelope_to, new_identity

NODE = new_identity()
KEY = new_sealing_key()
SESSION, OUTBOX = uuid4(), uuid4()


def sealed_as(sequence: int, alert: Alert, revision: int = 1) -> Sealed:
    outgoing = OutgoingAlert(AlertRevision(alert, revision), envelope_to(KEY, SESSION))
    return seal(outgoing, Place(outbox_id=OUTBOX, sequence=sequence, created_utc=MADE_UTC), NODE)


def test_a_message_is_signed_by_the_node_and_opens_only_with_the_exams_key() -> None:
    made = alert(SESSION, 12.5, thumbnail=True)
    parcel = unpack(sealed_as(7, made).message)
    verify(parcel, NODE.signing.public_key())
    assert decode_alert(open_body(parcel, KEY)) == made
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


def test_the_lean_message_is_the_same_alert_without_its_picture() -> None:
    made = alert(SESSION, 12.5, thumbnail=True)
    sealed = sealed_as(7, made)
    assert sealed.lean is not None
    lean = unpack(sealed.lean)
    verify(lean, NODE.signing.public_key())
    assert lean.header == unpack(sealed.message).header
    opened = decode_alert(open_body(lean, KEY))
    assert opened == made.model_copy(update={"evidence_thumbnail": None})
    assert len(sealed.lean) < 0.4 * len(sealed.message)


def test_an_alert_without_a_picture_is_sealed_once() -> None:
    assert sealed_as(1, alert(SESSION, 1)).lean is None


EXCERPT = Excerpt(phrases=("psst",), text="psst, number seven", duration_s=1.0, clip="")
SPOKEN = AlertRevision(alert(SESSION, 3.0, EventType.KEYWORD_SPOKEN), 1, EXCERPT)


def test_what_was_said_is_sealed_to_the_sessions_own_key_inside_the_alert() -> None:
    words = new_sealing_key()
    envelope = replace(
        envelope_to(KEY, SESSION),
        transcript_key_id=UUID(int=7),
        transcripts_to=sealing_public_text(words.public_key()),
    )
    place = Place(outbox_id=OUTBOX, sequence=1, created_utc=MADE_UTC)
    parcel = unpack(seal(OutgoingAlert(SPOKEN, envelope), place, NODE).message)
    arrived = decode_alert(open_body(parcel, KEY))
    assert arrived.sealed_excerpt is not None
    assert b"number seven" not in open_body(parcel, KEY)
    header = ExcerptHeader(alert_id=arrived.event_id, session_id=SESSION, key_id=UUID(int=7))
    assert open_excerpt(arrived.sealed_excerpt, header, words) == EXCERPT
    with pytest.raises(Corrupt):
        open_excerpt(arrived.sealed_excerpt, header, KEY)


def test_without_a_key_for_it_nothing_that_was_said_leaves_the_node() -> None:
    assert with_excerpt(OutgoingAlert(SPOKEN, envelope_to(KEY, SESSION)), NODE) == SPOKEN.alert

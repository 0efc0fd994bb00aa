"""Pictures of alerts: kept under keys of their own, shown with their alerts, and gone when those keys are."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, cast
from uuid import uuid4

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from sqlalchemy import event
from sqlmodel import select

from coordinator.alerts import service as alerts
from coordinator.alerts.stored import Stored
from coordinator.alerts.tables import StoredAlert
from coordinator.arriving.intake import AlertStore
from coordinator.arriving.treated import Treated
from coordinator.evidence import service as evidence
from coordinator.evidence.kept import PictureState
from coordinator.evidence.tables import Evidence
from coordinator.ground.database import Database
from coordinator.ground.sealed_fields import Place
from coordinator.keys import service as keys
from coordinator.keys.tables import Key, RetentionClass
from coordinator.nodes.alert_stream import StreamMessage
from shared.alerts import SCHEMA_BEFORE, Alert, AlertHeader
from shared.bundles import unbundled
from shared.canonical import canonical_json
from shared.errors import Corrupt, Rejected
from shared.evidence import Picture, data_url, onset_picture
from shared.sealing import new_sealing_key, sealing_public_text
from tests.support.album import JPEG, parcels, pictured, with_parcels
from tests.support.desk import KEYRING, NOW
from tests.support.masters import keyring_of
from tests.support.sittings import EdgeNode, Sitting, sit


@pytest.fixture
def sitting(database: Database, node: EdgeNode) -> Sitting:
    return sit(database, KEYRING, node)


@pytest.fixture
def store(database: Database, node: EdgeNode) -> AlertStore:
    return AlertStore(database, KEYRING, {node.node_id: node.signing.public_key()})


def shown_alert(sitting: Sitting, onset_s: float = 60.0, **changes: Any) -> Alert:
    plain = sitting.alert(onset_s)
    return sitting.alert(onset_s, evidence_pictures=pictured(plain.event_id), **changes)


def take(store: AlertStore, sitting: Sitting, *messages: bytes) -> list[Treated]:
    subject = sitting.subject(sitting.alert())
    return store.take([StreamMessage(subject, one, 1, cast(Any, None)) for one in messages], NOW).treated


def in_database(store: AlertStore, sitting: Sitting) -> list[Stored]:
    with store.database.read() as db:
        return alerts.timeline(db, KEYRING, sitting.session)


def destroy(store: AlertStore, sitting: Sitting) -> int:
    with store.database.write() as db:
        return keys.destroy(db, evidence.owner_of(sitting.session), NOW)


def test_a_picture_is_kept_beside_its_alert_and_shown_with_it(store: AlertStore, sitting: Sitting) -> None:
    alert = shown_alert(sitting)
    [result] = take(store, sitting, sitting.message(alert, 1))
    expected = Stored(alert, sitting.session.id, 1, NOW, JPEG, PictureState.KEPT)
    assert (result.stored, result.pictures) == (expected, ("evidence-taken",))
    assert in_database(store, sitting) == [expected]


def test_nothing_of_it_stands_in_clear_and_the_exams_key_does_not_open_it(
    store: AlertStore, sitting: Sitting
) -> None:
    message = sitting.message(shown_alert(sitting), 1)
    take(store, sitting, message)
    assert JPEG[:20] not in message
    with store.database.read() as db:
        [row] = db.exec(select(Evidence))
        [alert] = db.exec(select(StoredAlert))
        classes = {db.get_one(Key, id).retention_class for id in (row.data_key_id, alert.data_key_id)}
    assert JPEG[:20] not in row.body_sealed
    assert classes == {RetentionClass.EVIDENCE, RetentionClass.EXAM}


@pytest.mark.parametrize("order", [(1, 2), (2, 1), (1, 1, 2, 2)])
def test_the_picture_stays_whatever_revision_comes_first_or_twice(
    store: AlertStore, sitting: Sitting, order: Sequence[int]
) -> None:
    cleared = shown_alert(sitting, cleared=NOW, duration=10.0)
    alone = _alone(sitting.message(cleared, 2, revision=2))
    messages = {1: sitting.message(shown_alert(sitting), 1), 2: alone}
    for revision in order:
        take(store, sitting, messages[revision])
    [kept] = in_database(store, sitting)
    assert (kept.alert, kept.revision, kept.jpeg) == (cleared, 2, JPEG)


def _alone(bundle: bytes) -> bytes:
    """The alert's message without what lies beside it."""
    return unbundled(bundle).message


Beside = Callable[[Sitting, Alert, AlertHeader], list[bytes]]


def _another_alerts(sitting: Sitting, alert: Alert, about: AlertHeader) -> list[bytes]:
    return sitting.parcels(shown_alert(sitting, 99.0), sitting.header(shown_alert(sitting, 99.0), 9))


def _of_another_hash(sitting: Sitting, alert: Alert, about: AlertHeader) -> list[bytes]:
    other = Picture(alert.evidence_pictures[0], b"\xff\xd8 another face")
    return parcels([other], about, sitting.evidence_key_id, sitting.evidence_key, sitting.node.signing)


def _not_named(sitting: Sitting, alert: Alert, about: AlertHeader) -> list[bytes]:
    other = onset_picture(uuid4(), JPEG)
    return parcels([other], about, sitting.evidence_key_id, sitting.evidence_key, sitting.node.signing)


def _to_the_exams_key(sitting: Sitting, alert: Alert, about: AlertHeader) -> list[bytes]:
    named = onset_picture(alert.event_id, JPEG)
    return parcels([named], about, sitting.session.seal_key_id, sitting.seal_key, sitting.node.signing)


def _to_an_unknown_key(sitting: Sitting, alert: Alert, about: AlertHeader) -> list[bytes]:
    other = sealing_public_text(new_sealing_key().public_key())
    return parcels([onset_picture(alert.event_id, JPEG)], about, uuid4(), other, sitting.node.signing)


def _to_another_key_under_this_ones_id(sitting: Sitting, alert: Alert, about: AlertHeader) -> list[bytes]:
    other = sealing_public_text(new_sealing_key().public_key())
    named = onset_picture(alert.event_id, JPEG)
    return parcels([named], about, sitting.evidence_key_id, other, sitting.node.signing)


def _signed_by_another(sitting: Sitting, alert: Alert, about: AlertHeader) -> list[bytes]:
    named, signing = onset_picture(alert.event_id, JPEG), Ed25519PrivateKey.generate()
    return parcels([named], about, sitting.evidence_key_id, sitting.evidence_key, signing)


def _junk(sitting: Sitting, alert: Alert, about: AlertHeader) -> list[bytes]:
    return [b"junk"]


@pytest.mark.parametrize(
    ("beside", "reason"),
    [
        (_another_alerts, "another-alert"),
        (_of_another_hash, "does-not-open"),
        (_not_named, "not-named"),
        (_to_the_exams_key, "wrong-key"),
        (_to_an_unknown_key, "wrong-key"),
        (_to_another_key_under_this_ones_id, "does-not-open"),
        (_signed_by_another, "malformed"),
        (_junk, "malformed"),
    ],
)
def test_a_picture_that_is_not_its_alerts_is_refused_and_the_alert_is_not(
    store: AlertStore, sitting: Sitting, beside: Beside, reason: str
) -> None:
    alert = shown_alert(sitting)
    wrong = beside(sitting, alert, sitting.header(alert, 1))
    [result] = take(store, sitting, with_parcels(_alone(sitting.message(alert, 1)), wrong))
    assert result.treatment == "stored"
    assert result.pictures == ("evidence-refused", f"evidence-refused:{reason}", "evidence-missing")
    [kept] = in_database(store, sitting)
    assert (kept.alert, kept.jpeg, kept.picture) == (alert, None, PictureState.MISSING)
    # The right one still finds its place.
    [again] = take(store, sitting, sitting.message(alert, 1))
    assert (again.treatment, again.pictures) == ("repeated", ("evidence-taken",))
    assert in_database(store, sitting)[0].jpeg == JPEG


def test_a_picture_of_another_sessions_candidate_is_refused(
    store: AlertStore, sitting: Sitting, node: EdgeNode
) -> None:
    other = sit(store.database, KEYRING, node, "EXAM-2")
    alert = shown_alert(sitting)
    foreign = parcels(
        [onset_picture(alert.event_id, JPEG)],
        sitting.header(alert, 1),
        other.evidence_key_id,
        other.evidence_key,
        node.signing,
    )
    [result] = take(store, sitting, with_parcels(_alone(sitting.message(alert, 1)), foreign))
    assert result.pictures[1] == "evidence-refused:wrong-key"


def test_an_alert_whose_picture_was_given_up_says_that_it_is_missing(
    store: AlertStore, sitting: Sitting
) -> None:
    [result] = take(store, sitting, _alone(sitting.message(shown_alert(sitting), 1)))
    assert (result.treatment, result.pictures) == ("stored", ("evidence-missing",))
    assert in_database(store, sitting)[0].picture is PictureState.MISSING


def test_destroying_the_evidence_keys_leaves_the_alert_and_no_picture(
    store: AlertStore, sitting: Sitting
) -> None:
    alert, late = shown_alert(sitting), shown_alert(sitting, 70.0)
    message = sitting.message(alert, 1)
    take(store, sitting, message)
    assert destroy(store, sitting) == 2
    [kept] = in_database(store, sitting)
    assert (kept.alert, kept.jpeg, kept.picture) == (alert, None, PictureState.ERASED)
    treated = take(store, sitting, message, sitting.message(late, 2))
    assert [(one.treatment, one.pictures[1]) for one in treated] == [
        ("repeated", "evidence-refused:key-destroyed"),
        ("stored", "evidence-refused:key-destroyed"),
    ]
    assert [one.picture for one in in_database(store, sitting)] == ["erased", "missing"]
    with store.database.read() as db:
        _nobody_opens(db.exec(select(Evidence)).one(), list(db.exec(select(Key))))


def _nobody_opens(row: Evidence, every: Sequence[Key]) -> None:
    """Not with the master key and every key there is."""
    place = Place("evidence", "body_sealed", row.id)
    for key in every:
        with pytest.raises((Corrupt, Rejected)):
            KEYRING.open_field(key, place, row.body_sealed)


def test_with_the_exams_keys_go_those_of_the_pictures(store: AlertStore, sitting: Sitting) -> None:
    take(store, sitting, sitting.message(shown_alert(sitting), 1))
    owner = evidence.owner_of(sitting.session)
    exam = keys.Owner(owner.tenant_id, owner.candidate_id, RetentionClass.EXAM, owner.scope)
    with store.database.write() as db:
        assert keys.destroy(db, exam, NOW) == 4
    assert in_database(store, sitting) == []
    assert destroy(store, sitting) == 0


def test_after_destruction_a_new_session_gets_new_keys_and_old_pictures_stay_gone(
    store: AlertStore, sitting: Sitting
) -> None:
    take(store, sitting, sitting.message(shown_alert(sitting), 1))
    destroy(store, sitting)
    with store.database.write() as db:
        owner = evidence.owner_of(sitting.session)
        for pair in (keys.new_sealing_pair, keys.new_data_key):
            assert keys.keep(db, pair(KEYRING, owner, NOW))
    assert in_database(store, sitting)[0].picture is PictureState.ERASED
    [late] = take(store, sitting, sitting.message(shown_alert(sitting, 80.0), 2))
    assert late.pictures[1] == "evidence-refused:key-destroyed"


def test_under_the_wrong_master_key_no_picture_is_lost(store: AlertStore, sitting: Sitting) -> None:
    wrong = AlertStore(store.database, keyring_of(bytes([1] * 32)), store.signers)
    message = sitting.message(shown_alert(sitting), 1)
    [result] = take(wrong, sitting, message)
    assert (result.treatment, result.settled) == ("later", False)
    take(store, sitting, message)
    assert in_database(store, sitting)[0].jpeg == JPEG


def version_1(alert: Alert, jpeg: bytes | None) -> bytes:
    """An alert as nodes of before wrote it: its picture in it."""
    body = alert.model_dump(mode="json", exclude_none=True) | {"schema_version": SCHEMA_BEFORE}
    del body["evidence_pictures"]
    if jpeg is not None:
        body["evidence_thumbnail"] = data_url(jpeg)
    return canonical_json(body)


@pytest.mark.parametrize("with_keys", [True, False])
def test_an_alert_of_version_1_still_in_an_outbox_is_taken_and_its_picture_kept_as_evidence(
    store: AlertStore, sitting: Sitting, with_keys: bool
) -> None:
    if not with_keys:  # its session began before there were such keys
        with store.database.write() as db:
            for key in db.exec(select(Key).where(Key.retention_class == RetentionClass.EVIDENCE)):
                db.delete(key)
    plain = sitting.alert()
    message = sitting.message(plain, 1, body=version_1(plain, JPEG), schema_version=SCHEMA_BEFORE)
    [result] = take(store, sitting, message)
    assert (result.treatment, result.pictures) == ("stored", ("evidence-taken",))
    [kept] = in_database(store, sitting)
    assert (kept.alert, kept.jpeg) == (shown_alert(sitting), JPEG)
    destroy(store, sitting)
    assert in_database(store, sitting)[0].picture is PictureState.ERASED


def test_an_alert_stored_before_there_was_evidence_is_shown_with_the_picture_in_it(
    store: AlertStore, sitting: Sitting
) -> None:
    plain = sitting.alert()
    take(store, sitting, sitting.message(plain, 1))
    with store.database.write() as db:
        row = db.exec(select(StoredAlert)).one()
        place = Place("alerts", "body_sealed", row.id)
        key = db.get_one(Key, row.data_key_id)
        row.body_sealed = KEYRING.seal_field(key, place, version_1(plain, JPEG))
    [kept] = in_database(store, sitting)
    assert (kept.jpeg, kept.picture) == (JPEG, PictureState.KEPT)


def test_a_page_of_alerts_asks_once_for_its_pictures(store: AlertStore, sitting: Sitting) -> None:
    messages = [sitting.message(shown_alert(sitting, 60.0 + n), n + 1) for n in range(20)]
    take(store, sitting, *messages)
    asked: list[str] = []

    def note(*arguments: Any) -> None:
        asked.append(arguments[2])

    event.listen(store.database.engine, "before_cursor_execute", note)
    try:
        assert {one.jpeg for one in in_database(store, sitting)} == {JPEG}
    finally:
        event.remove(store.database.engine, "before_cursor_execute", note)
    assert sum("FROM evidence" in one for one in asked) == 1
    assert len(asked) <= 5  # however many alerts: keys, alerts, names, pictures


def test_a_picture_of_an_alert_that_is_refused_is_not_kept(store: AlertStore, sitting: Sitting) -> None:
    message = sitting.message(shown_alert(sitting), 1, tenant_id=uuid4())
    [result] = take(store, sitting, message)
    assert result.treatment == "refused"
    with store.database.read() as db:
        assert list(db.exec(select(Evidence))) == []

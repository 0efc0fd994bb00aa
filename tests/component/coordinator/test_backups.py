"""Backups of a database of either kind: made, and restored into an empty place."""

from __future__ import annotations

import base64
import json
import subprocess
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from pathlib import Path
from uuid import UUID, uuid4

import pytest
from sqlmodel import Session, col, select
from typer.testing import CliRunner

from coordinator import schema
from coordinator.backups import copying, opening, service as backups, since_service as since
from coordinator.backups.creating import Maker, create, rest_of, write_keyring
from coordinator.backups.lists import target_of
from coordinator.backups.manifest import Kind, Manifest
from coordinator.backups.unfinished import require_restored
from coordinator.candidates.tables import Candidate, FormerReference
from coordinator.consents import service as consents
from coordinator.consents.words import latest
from coordinator.destinations import (
    certificates_service as certificates,
    outbox_service as outbox,
    secrets_service as secrets,
    service as destinations,
)
from coordinator.destinations.certificates import read_pinned
from coordinator.destinations.outbox_service import News
from coordinator.destinations.tables import Delivery, DeliveryState, Destination, DestinationSecret
from coordinator.destinations.wanted import Fact
from coordinator.following import service as following
from coordinator.following.cursors import FollowCursor
from coordinator.ground.columns import Row
from coordinator.ground.database import Database
from coordinator.ground.keyring import Keyring
from coordinator.ground.signing_files import SigningStep, take_signing_step
from coordinator.holds.tables import LegalHold
from coordinator.idempotency.tables import KeptAnswer
from coordinator.keys.tables import Key, RetentionClass
from coordinator.main import app as coordinator_app
from coordinator.memberships import service as memberships
from coordinator.nodes.tables import Node
from coordinator.privacy import correcting_service as correcting, erasing_service as erasing
from coordinator.privacy.places import tombstone
from coordinator.restoring import restore
from coordinator.retention.tables import RetentionLease
from coordinator.sessions.tables import ExamSession
from coordinator.tenants import service as tenants
from coordinator.tenants.institutions import INSTALLATION_ID
from coordinator.tenants.tables import DEFAULT_TENANT_ID, Tenant
from coordinator.tokens import service as tokens
from coordinator.tokens.tables import IssuedToken
from coordinator.web_api.parts import Parts
from shared.api.destinations import DestinationFilter
from shared.api.exams import ConsentRequest
from shared.consents import Purpose
from shared.deliveries import DeliveryKind, DestinationKind
from shared.errors import Corrupt
from shared.events.types import EventClass, EventType
from shared.holds import HeldThing
from shared.hybrid import read_opener
from shared.sealing import private_bytes
from shared.tokens import Role
from tests.support.backups import (
    NOW,
    OPENER,
    OVER,
    Place,
    erase,
    found,
    good,
    hold_on,
)
from tests.support.own_certificates import own_certificate
from tests.support.retained import Rows, sat

DAYS_40 = NOW - timedelta(days=40)


def contents(database: Database, without: frozenset[str] = frozenset()) -> dict[str, list[str]]:
    """Every row of every table, as text."""
    with database.read() as db:
        return {
            table.name: sorted(repr(tuple(row)) for row in db.connection().execute(table.select()))
            for table in Row.metadata.sorted_tables
            if table.name not in without
        }


CHANGED_BY_A_RESTORE = frozenset({"kept_answers", "audit_entries", "retention_leases"})


def test_what_was_destroyed_comes_back_row_by_row(maker: Maker, place: Place) -> None:
    before = contents(maker.database, CHANGED_BY_A_RESTORE)
    assert any("CAND-1" in row for row in before["candidates"])
    made = create(maker, NOW)
    assert good(maker) == [made.backup_id]
    assert len(good(maker, Kind.KEYRING)) == 1
    for kind in Kind:
        [one] = found(maker, kind)
        assert one.manifest is not None
        opening.check(target_of(maker.settings, kind), one.manifest, None)
        opening.check(target_of(maker.settings, kind), one.manifest, OPENER)
    done = restore(place.wish(), NOW)
    assert (done.manifest, done.erased_again) == (made, 0)
    assert place.keys_match()
    with place.opened() as database:
        schema.require_newest(database)
        assert schema.differences(database) == []
        assert contents(database, CHANGED_BY_A_RESTORE) == before
        with database.read() as db:
            assert db.exec(select(KeptAnswer)).all() == []
            assert db.exec(select(RetentionLease.done_utc)).one() is not None
    require_restored(place.config.data_folder)
    assert [one.name for one in place.config.data_folder.glob(".backup-*")] == []


def inside(maker: Maker, made: Manifest, folder: Path) -> bytes:
    """All that can be read of a backup with the private key."""
    target, read = target_of(maker.settings, Kind.DATABASE), b""
    for file in made.files:
        out = folder / f"opened-{file.name}"
        opening.write_down(opening.unsealed(target, made, file.name, OPENER), out)
        if maker.database.file is None and file.name == "database":
            program = copying.postgresql_program("pg_restore")
            read += subprocess.run([program, "-f", "-", out], capture_output=True, check=True).stdout
        read += out.read_bytes()
    return read


def test_a_copy_has_no_wrapped_key_and_its_seal_hides_the_rest(maker: Maker, tmp_path: Path) -> None:
    with maker.database.read() as db:
        halves = [half for half in db.exec(select(Key.wrapped)).all() if half]
    made = create(maker, NOW)
    lying = b"".join(one.read_bytes() for one in (tmp_path / "backups").rglob("*") if one.is_file())
    readable = inside(maker, made, tmp_path)
    assert b"CAND-1" in readable
    assert b"CAND-1" not in lying
    assert len(halves) >= 18
    assert [half for half in halves if half in lying + readable] == []
    assert [half for half in halves if half.hex().encode() in readable] == []
    for secret in (b"a kept answer", b"a reason"):
        assert secret not in lying + readable
        assert secret.hex().encode() not in readable


def noted(db: Session, keyring: Keyring, reference: str) -> Delivery:
    """A notice that a person was erased, for a system that got an alert about it."""
    session = db.exec(select(ExamSession).where(ExamSession.reference == reference)).one()
    office = home(db, keyring)
    told = News(
        tenant_id=session.tenant_id,
        session_id=session.id,
        fact=Fact(DeliveryKind.ALERT_RAISED, EventType.LEFT_FRAME, EventClass.CONDUCT),
        subject_id=uuid4(),
        due_utc=NOW,
    )
    outbox.note(db, [told], NOW)
    alert = db.exec(
        select(Delivery).where(Delivery.subject_id == told.subject_id, Delivery.destination_id == office)
    ).one()
    alert.state = DeliveryState.DELIVERED
    db.add(alert)
    db.flush()
    assert outbox.note_erasure(db, keyring, [session], f"person of {reference}", NOW) == 1
    mine = (Delivery.session_id == session.id, Delivery.kind == DeliveryKind.PERSON_ERASED)
    return db.exec(select(Delivery).where(*mine)).one()


def test_names_in_notices_are_in_no_copy_and_wait_again_after_a_restore(
    maker: Maker, place: Place, installation: Parts, tmp_path: Path
) -> None:
    with installation.database.write() as db:
        waits, told_since = (
            noted(db, installation.keys.keyring, one).model_copy() for one in ("SESS-1", "SESS-2")
        )
    made = create(maker, NOW)
    readable = inside(maker, made, tmp_path)
    for names in (waits.told_sealed, told_since.told_sealed):
        assert names
        assert names not in readable
        assert names.hex().encode() not in readable
    before = rest_of(maker, NOW)
    with installation.database.write() as db:
        row = db.get_one(Delivery, told_since.sequence)
        row.state, row.told_sealed = DeliveryState.DELIVERED, None
        db.add(row)
    assert rest_of(maker, NOW) != before, "the keyring with its names would stay"
    write_keyring(maker, NOW)
    restore(place.wish(), NOW)
    with place.opened() as database, database.read() as db:
        assert db.get_one(Delivery, waits.sequence).told_sealed == waits.told_sealed
        assert db.get_one(Delivery, told_since.sequence).told_sealed is None


def test_a_backup_of_before_has_its_notices_in_the_copy(
    maker: Maker, place: Place, installation: Parts, monkeypatch: pytest.MonkeyPatch
) -> None:
    with installation.database.write() as db:
        waits = noted(db, installation.keys.keyring, "SESS-1").model_copy()
    with monkeypatch.context() as before:
        before.delitem(copying.APART, "deliveries")
        create(maker, NOW)
    restore(place.wish(), NOW)
    with place.opened() as database, database.read() as db:
        assert db.get_one(Delivery, waits.sequence).told_sealed == waits.told_sealed


def test_who_was_erased_after_a_backup_is_not_back_after_a_restore(
    maker: Maker, place: Place, installation: Parts
) -> None:
    create(maker, NOW)
    row = erase(installation, "CAND-1")
    write_keyring(maker, NOW)
    assert restore(place.wish(), NOW).erased_again == 1
    with place.opened() as database, database.read() as db:
        person = db.get_one(Candidate, row.candidate_id)
        assert person.reference == tombstone(row.candidate_id)
        theirs = db.exec(select(Key).where(Key.candidate_id == row.candidate_id)).all()
        assert theirs
        assert all(key.wrapped is None and key.destroyed_utc is not None for key in theirs)
        others = db.exec(select(Key).where(Key.candidate_id != row.candidate_id)).all()
        assert all(key.wrapped is not None for key in others)
        assert erasing.unfinished(db) == [row.id]  # its steps go on once somebody serves
    if place.config.sqlite_file is not None:
        assert b"CAND-1" not in place.config.sqlite_file.read_bytes()


def test_a_restore_erases_what_is_due_before_anybody_serves(
    maker: Maker, place: Place, installation: Parts
) -> None:
    rows = Rows()
    old = sat(rows, 9, DAYS_40)
    with installation.database.write() as db:
        rows.store(db)
    create(maker, NOW)
    restore(place.wish(), NOW)
    wanted = (Key.candidate_id == old.candidate_id, Key.retention_class == RetentionClass.EVIDENCE)
    with maker.database.read() as db:
        assert all(key.wrapped is not None for key in db.exec(select(Key).where(*wanted)))
    with place.opened() as database, database.read() as db:
        assert all(key.wrapped is None for key in db.exec(select(Key).where(*wanted)))


def test_a_restore_erases_nothing_that_a_hold_keeps_which_was_placed_after_the_backup(
    maker: Maker, place: Place, installation: Parts
) -> None:
    rows = Rows()
    old = sat(rows, 9, DAYS_40)
    with installation.database.write() as db:
        rows.store(db)
    create(maker, NOW)
    with installation.database.write() as db:
        before = db.exec(select(LegalHold)).one()
        before.released_utc, before.released_by = NOW, "dora"
        db.add(before)
        db.add(hold_on(HeldThing.CANDIDATE, candidate_id=old.candidate_id))
        unknown = Tenant(name="a new institution", created_utc=NOW)
        db.add(unknown)
        db.flush()
        db.add(hold_on(HeldThing.EXAM, exam_reference="NEW", tenant_id=unknown.id))
    write_keyring(maker, NOW)
    restore(place.wish(), NOW)
    wanted = (Key.candidate_id == old.candidate_id, Key.retention_class == RetentionClass.EVIDENCE)
    with place.opened() as database, database.read() as db:
        assert all(key.wrapped is not None for key in db.exec(select(Key).where(*wanted)))
        come_back = {one.id: one.model_dump() for one in db.exec(select(LegalHold))}
    with maker.database.read() as db:
        held = db.exec(select(LegalHold).where(LegalHold.tenant_id == DEFAULT_TENANT_ID))
        assert come_back == {one.id: one.model_dump() for one in held}
    assert len(come_back) == 2


@dataclass(frozen=True)
class TakenBack:
    """What people took back after the backup was made."""

    candidate: UUID
    tokens: tuple[UUID, UUID]
    node: UUID
    destination: UUID

    @classmethod
    def before(cls, db: Session, keyring: Keyring) -> TakenBack:
        person = db.exec(select(Candidate.id).where(Candidate.reference == "CAND-1")).one()
        made = cls(person, (uuid4(), uuid4()), uuid4(), home(db, keyring))
        db.add(token(made.tokens[0]))
        db.add(Node(id=made.node, tenant_id=INSTALLATION_ID, region="eu", signing_key="k", created_utc=NOW))
        db.add(Tenant(name="closed", created_utc=NOW))
        return made

    def after(self, db: Session, keyring: Keyring) -> None:
        person = db.get_one(Candidate, self.candidate)
        said = ConsentRequest(given=False, text_version="1", confirm=True)
        consents.record(
            db, person, Purpose.CAMERA_MONITORING, said, recorded_by=person.reference, now_utc=NOW
        )
        db.add(token(self.tokens[1]))
        db.flush()
        for one in self.tokens:  # also of a token that no copy knows
            tokens.revoke(db, DEFAULT_TENANT_ID, one, "dean", NOW)
        memberships.revoke(db, self.node, "ops", NOW)
        destinations.remove(db, db.get_one(Destination, self.destination), NOW)
        tenants.disable(db, db.exec(select(Tenant.id).where(Tenant.name == "closed")).one(), "ops", NOW)
        other = db.exec(select(Candidate).where(Candidate.reference == "CAND-2")).one()
        correcting.correct(db, keyring, other, "CAND-22", NOW)
        correcting.correct(db, keyring, person, "CAND-2", NOW)


def home(db: Session, keyring: Keyring) -> UUID:
    """A destination with a secret."""
    row = Destination(
        tenant_id=DEFAULT_TENANT_ID,
        kind=DestinationKind.WEBHOOK,
        name="desk",
        url="https://desk.example.org/",
        wanted=DestinationFilter().model_dump(mode="json"),
        created_utc=NOW,
        created_by="dean",
    )
    db.add(row)
    db.flush()
    secrets.make(db, keyring, row, NOW)
    return row.id


def token(token_id: UUID) -> IssuedToken:
    return IssuedToken(
        id=token_id,
        tenant_id=DEFAULT_TENANT_ID,
        subject="maria",
        role=Role.PROCTOR,
        kid="k",
        issued_by="dean",
        created_utc=NOW,
        expires_utc=NOW + timedelta(days=9),
    )


def test_what_was_taken_back_after_a_backup_stays_so_after_a_restore(
    maker: Maker, place: Place, installation: Parts
) -> None:
    with installation.database.write() as db:
        sessions_end(db, "CAND-1", NOW + timedelta(hours=1))
        taken = TakenBack.before(db, installation.keys.keyring)
    create(maker, NOW)
    with installation.database.write() as db:
        sessions_end(db, "CAND-1", NOW)
        taken.after(db, installation.keys.keyring)
    write_keyring(maker, NOW)
    done = restore(place.wish(), NOW)
    assert done.taken_back >= 8
    with place.opened() as database, database.read() as db:
        person = db.get_one(Candidate, taken.candidate)
        assert person.reference == "CAND-2"
        assert db.exec(select(Candidate.id).where(Candidate.reference == "CAND-22")).one()
        newest = latest(consents.words_of(db, person))[Purpose.CAMERA_MONITORING]
        assert (newest.given, newest.recorded_by) == (False, "CAND-2")
        running = db.exec(select(ExamSession).where(ExamSession.candidate_id == person.id)).one()
        assert Purpose.CAMERA_MONITORING in running.withheld
        assert set(taken.tokens) <= tokens.validity(db, installation.keys, NOW).revoked
        assert db.get_one(Node, taken.node).revoked_utc is not None
        assert db.get_one(Destination, taken.destination).removed_utc is not None
        assert db.exec(select(DestinationSecret)).all() == [], "nothing stands in the way of its removal"
        closed = db.exec(select(Tenant).where(Tenant.name == "closed")).one()
        assert closed.disabled_by == "ops"


def renamed(db: Session, keyring: Keyring, wrong: str, right: str, at_utc: datetime) -> UUID:
    session = db.exec(select(ExamSession).where(ExamSession.reference == wrong)).one()
    return correcting.correct_session(db, keyring, session, right, at_utc).session_id


def test_sessions_whose_names_were_corrected_after_a_backup_have_the_right_ones_after_a_restore(
    maker: Maker, place: Place, installation: Parts
) -> None:
    keyring = installation.keys.keyring
    create(maker, NOW)
    later = Rows()
    sat(later, 9, OVER)
    with installation.database.write() as db:
        later.store(db)
        renamed(db, keyring, "SESS-9", "SESS-99", NOW)  # of a session that the copy does not know
        one = renamed(db, keyring, "SESS-0", "SESS-X", NOW)
        other = renamed(db, keyring, "SESS-1", "SESS-0", NOW)
        renamed(db, keyring, "SESS-X", "SESS-1", NOW)
        both = db.exec(select(FormerReference).where(FormerReference.session_id == one)).all()
        assert len(both) == 2
    write_keyring(maker, NOW)
    restore(place.wish(), NOW)
    with place.opened() as database, database.read() as db:
        assert db.get_one(ExamSession, one).reference == "SESS-1"
        assert db.get_one(ExamSession, other).reference == "SESS-0"
        assert len(db.exec(select(FormerReference).where(FormerReference.session_id == one)).all()) == 2


def test_a_name_that_came_back_and_was_corrected_again_is_not_back_after_a_restore(
    maker: Maker, place: Place, installation: Parts
) -> None:
    """What it was is known since long before any copy that is kept."""
    keyring = installation.keys.keyring

    def correct(wrong: str, right: str, at_utc: datetime) -> None:
        with installation.database.write() as db:
            person = db.exec(select(Candidate).where(Candidate.reference == wrong)).one()
            correcting.correct(db, keyring, person, right, at_utc)

    correct("CAND-1", "CAND-X", DAYS_40)
    correct("CAND-X", "CAND-1", DAYS_40)
    create(maker, NOW)
    before = rest_of(maker, NOW)
    correct("CAND-1", "CAND-X", NOW)
    assert rest_of(maker, NOW) != before
    write_keyring(maker, NOW)
    restore(place.wish(), NOW)
    with place.opened() as database, database.read() as db:
        assert set(db.exec(select(Candidate.reference))) == {"CAND-0", "CAND-X", "CAND-2"}


def test_a_notice_of_a_correction_after_a_backup_still_waits_after_a_restore(
    maker: Maker, place: Place, installation: Parts
) -> None:
    keyring = installation.keys.keyring
    with installation.database.write() as db:
        noted(db, keyring, "SESS-1")
    create(maker, NOW)
    with installation.database.write() as db:
        renamed(db, keyring, "SESS-1", "SESS-11", NOW)
        unknown = home(db, keyring)
        [told] = db.exec(select(Delivery).where(Delivery.kind == DeliveryKind.SESSION_CORRECTED)).all()
        beside = told.model_copy(update={"destination_id": unknown, "sequence": None, "parcel_id": uuid4()})
        db.add(Delivery.model_validate(beside.model_dump()))  # to a destination that the copy does not know
    write_keyring(maker, NOW)
    before = rest_of(maker, NOW)
    with installation.database.write() as db:
        row = db.get_one(Delivery, told.sequence)
        row.attempts, row.next_try_utc = 3, NOW + timedelta(minutes=5)
        db.add(row)
    assert rest_of(maker, NOW) == before, "a try that fails changes nothing of the keyring"
    restore(place.wish(), NOW)
    with place.opened() as database, database.read() as db:
        [back] = db.exec(select(Delivery).where(Delivery.kind == DeliveryKind.SESSION_CORRECTED)).all()
        assert (back.parcel_id, back.destination_id) == (told.parcel_id, told.destination_id)
        assert (back.state, back.told_sealed) == (DeliveryState.WAITING, told.told_sealed)
        assert (back.noted_utc, back.session_id) == (told.noted_utc, told.session_id)


def test_a_certificate_that_was_replaced_after_a_backup_is_not_accepted_after_a_restore(
    maker: Maker, place: Place, installation: Parts
) -> None:
    former, present = (read_pinned(own_certificate().certificate, NOW) for _ in range(2))
    with installation.database.write() as db:
        row = db.get_one(Destination, home(db, installation.keys.keyring))
        row.kind = DestinationKind.GRPC
        certificates.keep(db, row, former, NOW)
        desk = row.id
    create(maker, NOW)
    before = rest_of(maker, NOW)
    with installation.database.write() as db:
        certificates.rotate(db, db.get_one(Destination, desk), present, timedelta(), NOW)
        unknown = db.get_one(Destination, home(db, installation.keys.keyring))
        certificates.keep(db, unknown, former, NOW)
    assert rest_of(maker, NOW) != before
    write_keyring(maker, NOW)
    restore(place.wish(), NOW)
    with place.opened() as database, database.read() as db:
        assert certificates.accepted(db, NOW) == [present.der]


def test_a_program_goes_on_after_a_restore_with_a_cursor_that_the_copy_does_not_know(
    maker: Maker, place: Place, installation: Parts
) -> None:
    own = read_pinned(own_certificate().certificate, NOW)
    with installation.database.write() as db:
        row = db.get_one(Destination, home(db, installation.keys.keyring))
        row.kind, row.placed = DestinationKind.GRPC, 800
        certificates.keep(db, row, own, NOW)
        desk = row.id
    create(maker, NOW)
    with installation.database.write() as db:
        db.get_one(Destination, desk).placed = 900
    restore(place.wish(), NOW)
    with place.opened() as database, database.write() as db:
        _, begun = following.begin(db, own.fingerprint, str(FollowCursor(desk, 900)), uuid4(), NOW)
        assert begun == 900
        assert db.get_one(Destination, desk).placed > 900, "no place stands for two deliveries"


def test_what_is_revoked_is_noticed_although_a_later_moment_was_written_before_it(
    maker: Maker, installation: Parts
) -> None:
    with installation.database.write() as db:
        first, second = Tenant(name="first", created_utc=NOW), Tenant(name="second", created_utc=NOW)
        db.add_all([first, second])
        db.flush()
        tenants.disable(db, first.id, "ops", NOW + timedelta(seconds=1))
    before = rest_of(maker, NOW)
    with installation.database.write() as db:
        tenants.disable(db, second.id, "ops", NOW)
    assert rest_of(maker, NOW) != before


def sessions_end(db: Session, who: str, at_utc: datetime) -> None:
    """Let a candidate's session go on until then, or be over by then."""
    for row in db.exec(
        select(ExamSession)
        .join(Candidate, col(Candidate.id) == col(ExamSession.candidate_id))
        .where(Candidate.reference == who)
    ):
        row.ended_utc = None if at_utc > NOW else at_utc
        row.expires_utc = at_utc
        db.add(row)
    db.flush()


@pytest.mark.parametrize("known", ["the former key", "the present key"])
def test_a_backup_of_before_another_signing_key_is_restored_by_who_knows_either(
    maker: Maker, place: Place, installation: Parts, known: str
) -> None:
    first = installation.keys.signing.public_key()
    made = create(maker, NOW)
    erase(installation, "CAND-1")
    for step in SigningStep:
        take_signing_step(installation.config.data_folder, installation.keys.keyring, step, NOW)
    erase(installation, "CAND-2")
    write_keyring(maker, NOW)
    second = installation.keys.signing.public_key()
    assert good(maker) == [made.backup_id]
    done = restore(replace(place.wish(), signer=first if known == "the former key" else second), NOW)
    assert (done.manifest.backup_id, done.erased_again) == (made.backup_id, 2)
    assert place.keys_match()


def test_a_new_hybrid_key_opens_its_backups_and_those_of_the_plain_key_of_before(
    maker: Maker, place: Place, tmp_path: Path
) -> None:
    old, new = tmp_path / "old.key", tmp_path / "new.key"
    old.write_text(base64.b64encode(private_bytes(OPENER)).decode())
    old.chmod(0o600)
    command = ["backup", "recipient", "--out", str(new), "--hybrid", "--former", str(old)]
    printed = CliRunner().invoke(coordinator_app, command)
    assert printed.exit_code == 0, printed.output
    plain = create(maker, NOW)
    later = replace(
        maker,
        settings=maker.settings.model_copy(update={"recipient": json.loads(printed.output)["recipient"]}),
    )
    hybrid = create(later, NOW + timedelta(minutes=1))
    assert hybrid.recipient.startswith("mlkem768-x25519:")
    opener = read_opener(base64.b64decode(new.read_text()))
    target = target_of(maker.settings, Kind.DATABASE)
    for made in (plain, hybrid):
        opening.check(target, made, opener)
    with pytest.raises(Corrupt, match="hybrid key"):
        opening.check(target, hybrid, OPENER)
    assert restore(place.wish(opener=opener), NOW).manifest == hybrid


def test_the_hubs_configuration_is_in_the_keyring_and_a_missing_file_stops_nothing(
    maker: Maker, place: Place, tmp_path: Path
) -> None:
    conf = tmp_path / "nats-server.conf"
    conf.write_text("port: 4222")
    settings = maker.settings.model_copy(update={"hub_files": (conf, tmp_path / "gone.conf")})
    made = replace(maker, settings=settings)
    create(made, NOW)
    before = rest_of(made, NOW)
    conf.write_text("port: 4333")
    assert rest_of(made, NOW) != before, "so it is written again"
    write_keyring(made, NOW)
    assert b"4333" not in b"".join(one.read_bytes() for one in (tmp_path / "backups").rglob("*.*"))
    restore(place.wish(), NOW)
    put = sorted((place.config.data_folder / "hub-files").iterdir())
    assert [(one.name, one.read_text()) for one in put] == [("nats-server.conf", "port: 4333")]
    assert put[0].stat().st_mode & 0o777 == 0o600


def test_a_key_made_after_the_backup_is_no_trouble_and_one_destroyed_since_stays_so(
    maker: Maker, place: Place, installation: Parts
) -> None:
    create(maker, NOW)
    with installation.database.write() as db:
        # Of the keys of measured features the other half goes too: one that nobody could open.
        plain = (col(Key.wrapped).is_not(None), Key.retention_class == RetentionClass.EXAM)
        key = db.exec(select(Key).where(*plain)).first()
        assert key is not None
        key.wrapped, key.destroyed_utc = None, NOW
        db.add(key)
        rows = Rows()
        sat(rows, 7, OVER)
        rows.store(db)
    write_keyring(maker, NOW)
    restore(place.wish(), NOW)
    with place.opened() as database, database.read() as db:
        restored = db.get_one(Key, key.id)
        assert restored.wrapped is None
        assert restored.destroyed_utc is not None
        assert backups.destroyed(db) == 1


def test_an_older_backup_is_brought_up_to_this_release(
    maker: Maker, place: Place, installation: Parts, monkeypatch: pytest.MonkeyPatch
) -> None:
    schema.downgrade(maker.database, "-1")
    with monkeypatch.context() as before:
        before.setattr(since, "_TAKEN", ())  # an older release reads no column that came later
        made = create(maker, NOW)
    assert made.revision != schema.newest()
    restore(place.wish(), NOW)
    with place.opened() as database:
        schema.require_newest(database)
    schema.upgrade(maker.database)

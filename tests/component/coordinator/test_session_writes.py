"""What is written of a session: its links, devices, notices, policies, and what nobody watched."""

from __future__ import annotations

from datetime import datetime, timedelta
from uuid import uuid4

import pytest
from sqlmodel import Session, col, select, update

from coordinator.candidates.tables import Candidate
from coordinator.ground.acting import answering
from coordinator.ground.database import Database
from coordinator.ground.own_keys import OwnKeys
from coordinator.keys import service as keys_of
from coordinator.keys.tables import Key
from coordinator.sessions import binding, details_service as details
from coordinator.sessions.binding import ASK_VALID, DeviceState
from coordinator.sessions.changing import agreement_service as agreement, service as changing
from coordinator.sessions.details_service import CANDIDATE_TERMS
from coordinator.sessions.devices import service as devices
from coordinator.sessions.expiry import LONGEST, MAX_PAUSE
from coordinator.sessions.joining import service as joining
from coordinator.sessions.joining.codes import join_url
from coordinator.sessions.notice import notice_for
from coordinator.sessions.presence import service as presence
from coordinator.sessions.tables import Acknowledgement, Device, ExamSession, JoinCode, SessionPolicy
from coordinator.sessions.watched import service as watched
from coordinator.tenants.tables import DEFAULT_TENANT_ID as HOME
from coordinator.tokens import key_service as token_keys
from shared.policy.schema import Policy
from shared.policy.terms import Accommodation, Features
from shared.tokens import Claims, Role
from shared.unwatched import Kind
from tests.support.refusals import refused
from tests.support.session_rows import NOW, SECOND, THEIRS, Rows, rows
from tests.support.sittings import START

ANN = Claims(subject="ann", role=Role.ADMIN, tenant_id=HOME)


@pytest.fixture
def table(database: Database, keys: OwnKeys) -> Rows:
    return rows(database, keys.keyring)


def test_the_newest_link_leads_to_its_session_while_that_runs(database: Database, table: Rows) -> None:
    first, second, others, due = (joining.new_code() for _ in range(4))
    assert [len(one) for one in (first, second, others)] == [32] * 3
    assert len({first, second, others}) == 3
    assert join_url("https://exams.example", first) == f"https://exams.example/join#{first}"
    unknown = "the link is not valid; ask for a new one"
    with database.write() as db:
        for code, name, at in ((first, "RUNS", START), (others, "SISTER", START), (due, "DUE", START)):
            joining.add_code(db, table.session(db, name), code, at)
        joining.add_code(db, table.session(db, "RUNS"), second, NOW)
    with database.read() as db:
        assert joining.follow(db, second, NOW).session.id == table.ids["RUNS"]
        with answering("") as acting:
            assert joining.follow(db, others, NOW).session.id == table.ids["SISTER"]
            own = table.session(db, "SISTER")
            assert (acting.tenant_id, acting.session_id) == (HOME, own.id)
            assert acting.candidate_id == own.candidate_id
        for code in (first, second, others, due):
            joining.check_known(db, code)
        with refused(410, "join-code-replaced", "this link was replaced by a newer one; use the newer link"):
            joining.follow(db, first, NOW)
        with refused(410, "session-expired", "the session has expired"):
            joining.follow(db, due, NOW)
        with refused(404, "join-code-unknown", unknown):
            joining.check_known(db, first[:-1])
        with refused(404, "join-code-unknown", unknown):
            joining.follow(db, first[:-1], NOW)
        codes = {row.code_hash: row for row in db.exec(select(JoinCode))}
    assert len(codes) == 4
    assert {(row.tenant_id, row.created_utc, row.replaced_utc) for row in codes.values()} == {
        (HOME, START, NOW),
        (HOME, START, None),
        (HOME, NOW, None),
    }


def test_a_notice_is_acknowledged_once_in_a_session(database: Database, table: Rows) -> None:
    notice = notice_for(Policy())
    newer = notice.model_copy(update={"version": "3000-01-01"})
    with database.write() as db:
        runs, sister = table.found(db, "RUNS"), table.found(db, "SISTER")
        made = joining.acknowledge(db, table.keyring, runs, notice, NOW)
        assert made is not None
        assert (made.event_type, made.onset) == ("NOTICE_ACKNOWLEDGED", NOW)
        assert joining.acknowledge(db, table.keyring, runs, notice, NOW + SECOND) is None
        assert joining.acknowledge(db, table.keyring, sister, notice, NOW + SECOND) is not None
        assert joining.acknowledge(db, table.keyring, runs, newer, NOW - SECOND) is not None
        kept = joining.acknowledgements(db, runs.session)
        assert [one.notice_version for one in kept] == ["3000-01-01", notice.version]
        assert [one.acknowledged_utc for one in kept] == [NOW - SECOND, NOW]
        assert {(one.tenant_id, one.candidate_id, one.session_id) for one in kept} == {
            (HOME, runs.candidate.id, runs.session.id)
        }
        assert (kept[1].language, kept[1].purposes) == ("en", notice.purposes)
        assert len(db.exec(select(Acknowledgement)).all()) == 3


def test_the_first_device_is_bound_and_each_opening_gives_the_next_challenge(
    database: Database, table: Rows
) -> None:
    with database.write() as db:
        session = table.session(db, "RUNS")
        assert devices.find(db, session, "mine") is None
        devices.opened(db, session, "mine", START)
        first = devices.find(db, session, "mine")
        assert first is not None
        assert (first.tenant_id, first.session_id, first.key) == (HOME, session.id, "mine")
        assert (first.state, first.number, session.device) == (DeviceState.BOUND, 1, 1)
        assert (first.bound_utc, first.asked_utc, first.ended_utc) == (START, None, None)
        assert first.approved_by is None
        seen = [first.challenge]
        for second in (1, 2):
            devices.opened(db, session, "mine", START + second * SECOND)
            seen.append(first.challenge)
        assert len(set(seen)) == 3
        assert min(len(one) for one in seen) == 32
        assert (first.number, session.device, first.bound_utc) == (1, 1, START)
        assert devices.find(db, table.session(db, "SISTER"), "mine") is None
        assert presence.opened_utc(db, [session.id, table.ids["SISTER"]]) == {session.id: START}


def test_an_approved_device_replaces_the_bound_one_and_may_be_replaced_itself(
    database: Database, table: Rows
) -> None:
    with database.write() as db:
        session, sister = table.session(db, "RUNS"), table.session(db, "SISTER")
        devices.opened(db, session, "mine", START)
        devices.opened(db, sister, "hers", START)
        assert devices.ask(db, session, "other", NOW)
        assert not devices.ask(db, session, "other", NOW + SECOND)
        mine, other = devices.listing(db, session)
        assert (mine.key, other.key) == ("mine", "other")
        assert (other.state, other.asked_utc, other.number) == (DeviceState.ASKED, NOW, None)
        assert devices.waits(other, NOW + SECOND)
        assert not devices.waits(mine, NOW)
        for session_id, device_id in ((sister, other.id), (session, uuid4())):
            with refused(404, "device-unknown", "the session has no such device"):
                devices.approve(db, session_id, device_id, "ann", NOW)
        stale = "this device's request is no longer valid; the candidate must ask again"
        with refused(409, "request-stale", stale):
            devices.approve(db, session, other.id, "ann", NOW + ASK_VALID)
        assert devices.approve(db, session, other.id, "ann", NOW + SECOND) == (other, True)
        assert devices.approve(db, session, other.id, "bob", NOW + 2 * SECOND) == (other, False)
        assert (mine.state, mine.ended_utc, mine.number) == (DeviceState.ENDED, NOW + SECOND, 1)
        assert (other.state, other.number, session.device) == (DeviceState.BOUND, 2, 2)
        assert (other.bound_utc, other.approved_by) == (NOW + SECOND, "ann")
        with refused(409, "request-stale", stale):
            devices.approve(db, session, mine.id, "ann", NOW + SECOND)
        assert devices.ask(db, session, "mine", NOW + 3 * SECOND)
        assert devices.approve(db, session, mine.id, "ann", NOW + 4 * SECOND) == (mine, True)
        assert (mine.state, mine.number, mine.ended_utc) == (DeviceState.BOUND, 3, None)
        assert (other.state, other.ended_utc) == (DeviceState.ENDED, NOW + 4 * SECOND)
        [hers] = devices.listing(db, sister)
        assert (hers.state, sister.device) == (DeviceState.BOUND, 1)
        # The page was opened when the first of them was bound.
        mine.bound_utc, other.bound_utc = NOW + 4 * SECOND, NOW + SECOND
        db.flush()
        assert presence.opened_utc(db, [session.id])[session.id] == NOW + SECOND


def test_so_many_devices_ask_at_once_and_stale_ones_make_room(database: Database, table: Rows) -> None:
    said = "too many devices have asked to use this session; ask your institution for a new link"
    with database.write() as db:
        session = table.session(db, "RUNS")
        devices.opened(db, session, "mine", START)
        for number in range(binding.MAX_ASKING):
            assert devices.ask(db, session, f"device {number}", NOW + number * SECOND)
        with refused(409, "too-many-devices", said):
            devices.ask(db, session, "one more", NOW)
        assert devices.ask(db, table.session(db, "SISTER"), "one more", NOW)
        assert devices.ask(db, session, "one more", NOW + ASK_VALID)
        again = devices.find(db, session, "device 0")
        assert again is not None
        with refused(409, "too-many-devices", said):
            devices.ask(db, session, "device 0", NOW + ASK_VALID)
        assert devices.ask(db, session, "device 0", NOW + ASK_VALID + SECOND)
        assert again.asked_utc == NOW + ASK_VALID + SECOND
        assert len(db.exec(select(Device)).all()) == binding.MAX_ASKING + 3


def test_pages_are_read_by_the_institutions_own_ids(database: Database, table: Rows) -> None:
    with database.write() as db:
        devices.opened(db, table.session(db, "SISTER"), "mine", START)
        stored = presence.stored(db, HOME, ["RUNS", "SISTER", "MOVED", "ENDED", "FOREIGN", "NOBODY"])
        there = {one.session.reference: (one.node_id, one.opened_utc) for one in stored}
        [foreign] = presence.stored(db, THEIRS, ["FOREIGN", "RUNS"])
    assert there == {
        "RUNS": (table.first, None),
        "SISTER": (table.first, START),
        "MOVED": (table.following, None),
        "ENDED": (table.third, None),
    }
    assert len(stored) == 4
    assert foreign.session.id == table.ids["FOREIGN"]


def test_unwatched_seconds_are_noted_where_somebody_is_still_known(database: Database, table: Rows) -> None:
    said = {table.ids[name]: ("run/1", {Kind.FACE: 4.0}) for name in ("RUNS", "SISTER", "ENDED")}
    with database.write() as db:
        table.session(db, "SISTER").erased_utc = NOW
        watched.note(db, said)
        watched.note(db, {table.ids["RUNS"]: ("run/2", {Kind.FACE: 1.0})})
    with database.read() as db:
        noted = {name: table.session(db, name).unwatched for name in ("RUNS", "SISTER", "ENDED", "MOVED")}
    assert noted == {
        "RUNS": {"run/1": {"face": 4.0}, "run/2": {"face": 1.0}},
        "SISTER": None,
        "ENDED": {"run/1": {"face": 4.0}},
        "MOVED": None,
    }


def test_a_pause_is_one_and_gives_its_time_back(database: Database, table: Rows) -> None:
    said = "a session may last at most three days; end this one and start another"
    with database.write() as db:
        session = table.session(db, "RUNS")
        ends = session.expires_utc
        with refused(409, "not-paused", "the exam is not paused"):
            changing.resume(session, NOW)
        changing.pause(session, NOW)
        assert (session.paused_utc, session.expires_utc) == (NOW, ends + MAX_PAUSE)
        with refused(409, "already-paused", "the exam is already paused"):
            changing.pause(session, NOW + SECOND)
        assert (session.paused_utc, session.expires_utc) == (NOW, ends + MAX_PAUSE)
        changing.resume(session, NOW + 7 * SECOND)
        assert session.paused_utc is None
        assert session.expires_utc == ends + 7 * SECOND
        changing.extend(session, 5)
        assert session.expires_utc == ends + timedelta(minutes=5, seconds=7)
        session.expires_utc = START + LONGEST
        with refused(409, "session-too-long", said):
            changing.extend(session, 1)
        with refused(409, "session-too-long", said):
            changing.pause(session, NOW)
        assert session.paused_utc is None
        assert session.expires_utc == START + LONGEST


def put(db: Session, table: Rows, name: str, policy: Policy, reason: str, at_utc: datetime) -> None:
    session = table.session(db, name)
    changing.put_policy(db, table.keyring, session, policy, by=ANN, reason=reason, now_utc=at_utc)


def test_every_change_of_a_policy_is_kept_with_author_and_reason(database: Database, table: Rows) -> None:
    muted = Policy(version=4).for_candidate(Accommodation())
    with database.write() as db:
        put(db, table, "RUNS", muted, "The board decided.", NOW + SECOND)
        put(db, table, "RUNS", Policy(version=5), "It changed its mind.", NOW)
        put(db, table, "SISTER", Policy(version=9), "Another one.", NOW)
        session = table.session(db, "RUNS")
        assert (session.policy_version, session.policy["version"]) == (5, 5)
        later, first = changing.policy_changes(db, table.keyring, session)
        assert (first.version, first.version_before, first.reason) == (4, 1, "The board decided.")
        assert (first.changed_by, first.role, first.at) == ("ann", "admin", NOW + SECOND)
        assert (later.version, later.version_before, later.reason) == (5, 4, "It changed its mind.")
        rows_of = db.exec(select(SessionPolicy).where(SessionPolicy.session_id == session.id)).all()
        assert {(row.tenant_id, row.policy["candidate"]) for row in rows_of} == {(HOME, None)}
        assert {b"board" in row.reason_sealed for row in rows_of} == {False}
        db.get_one(Key, session.data_key_id).wrapped = None
        assert [one.reason for one in changing.policy_changes(db, table.keyring, session)] == [None, None]


def test_speech_is_no_longer_recognised_once_its_consent_is_withdrawn(
    database: Database, table: Rows
) -> None:
    recognises = Policy(phrases=("number seven",), features=Features(speech_transcription=True))
    terms = recognises.for_candidate(Accommodation(), speech_opt_in=True).candidate
    assert terms is not None
    with database.write() as db:
        for name, opted in (("RUNS", True), ("SISTER", False)):
            session = table.session(db, name)
            session.policy = recognises.model_dump(mode="json")
            key = keys_of.get(db, HOME, session.data_key_id)
            own = terms.model_copy(update={"speech_opt_in": opted}).model_dump(mode="json")
            known = {"metadata": {"room": "7"}, CANDIDATE_TERMS: own}
            session.details_sealed = details.seal_details(table.keyring, key, session.id, known)
    with database.write() as db:
        runs = table.session(db, "RUNS")
        assert details.effective_policy(db, table.keyring, runs).recognises_speech
        silenced = {
            name: changing.silence(db, table.keyring, table.session(db, name))
            for name in ("RUNS", "SISTER", "MOVED")
        }
        assert silenced == {"RUNS": True, "SISTER": False, "MOVED": False}
        assert not changing.silence(db, table.keyring, runs)
    with database.read() as db:
        runs = table.session(db, "RUNS")
        assert not details.effective_policy(db, table.keyring, runs).recognises_speech
        key = keys_of.get(db, HOME, runs.data_key_id)
        kept = details.open_details(table.keyring, key, runs)
        assert kept["metadata"] == {"room": "7"}
        assert kept[CANDIDATE_TERMS]["speech_opt_in"] is False


def test_the_key_of_a_sessions_tokens_is_its_own_or_the_next_one(
    database: Database, table: Rows, keys: OwnKeys
) -> None:
    with database.write() as db:
        second = token_keys.rotate(db, keys, HOME, "ann", START).kid
        table.session(db, "SISTER").token_kid = second
        found = [table.found(db, name) for name in ("RUNS", "SISTER", "MOVED", "FOREIGN")]

        def ids() -> dict[str, str]:
            known = changing.session_keys(db, keys, found)
            return {table.names([one])[0]: kid for one, kid in known.items()}

        own = keys.token_key_id
        assert ids() == {"RUNS": own, "SISTER": second, "MOVED": own, "FOREIGN": own}
        token_keys.revoke(db, keys, HOME, own, "ann", NOW)
        assert ids() == {"RUNS": second, "SISTER": second, "MOVED": second, "FOREIGN": own}


def test_a_locked_session_is_read_as_it_is_by_then(database: Database, table: Rows) -> None:
    with database.write() as db:
        before = table.session(db, "RUNS")
        assert before.paused_utc is None
        db.exec(
            update(ExamSession)
            .where(col(ExamSession.id) == before.id)
            .values(policy_version=9)
            .execution_options(synchronize_session=False)
        )
        assert before.policy_version == 1
        assert changing.hold(db, table.ids["RUNS"], NOW).policy_version == 9
        db.exec(
            update(ExamSession)
            .where(col(ExamSession.id) == before.id)
            .values(policy_version=10)
            .execution_options(synchronize_session=False)
        )
        candidate = db.get_one(Candidate, before.candidate_id)
        [own] = [one for one in agreement.running(db, candidate, NOW) if one.session.id == before.id]
        assert own.session.policy_version == 10

"""Which sessions run, on which node, of whom: every question that is asked of the table."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable
from datetime import timedelta
from typing import Any
from uuid import UUID, uuid4

import pytest
from sqlmodel import Session

from coordinator.candidates.tables import Candidate
from coordinator.consents.words import Why
from coordinator.ground.acting import answering
from coordinator.ground.database import Database
from coordinator.ground.own_keys import OwnKeys
from coordinator.nodes.assignments import Held
from coordinator.nodes.tables import Node
from coordinator.sessions import held_service as held, service as sessions
from coordinator.sessions.absence import service as absence
from coordinator.sessions.changing import agreement_service as agreement, service as changing
from coordinator.sessions.lasting import service as lasting
from coordinator.sessions.moving import service as moving
from coordinator.sessions.presence import service as presence
from coordinator.sessions.service import Found
from coordinator.sessions.trouble import service as trouble
from coordinator.tenants.tables import DEFAULT_TENANT_ID as HOME
from shared.consents import Purpose
from shared.errors import Rejected, Unavailable
from shared.messages.sessions import SessionAccepted
from shared.tokens import Claims, Role
from tests.support.refusals import refused
from tests.support.session_rows import LEFT, NOW, SECOND, THEIRS, Rows, rows
from tests.support.sittings import START

OWN = ["RUNS", "SISTER", "OTHER-EXAM", "LAST-SECOND", "MOVED"]
"""The candidate's sessions that run, in the order in which they started."""
AT_HOME = [*OWN, "NEIGHBOUR", "NEW"]
ALL = [*AT_HOME, "FOREIGN"]


@pytest.fixture
def table(database: Database, keys: OwnKeys) -> Rows:
    return rows(database, keys.keyring)


def found_ids(found: Iterable[Found]) -> list[UUID]:
    return [one.session.id for one in found]


def candidate(db: Session, table: Rows) -> Candidate:
    return table.found(db, "RUNS").candidate


Question = Callable[[Session, Rows], Iterable[UUID]]
IN_ORDER: dict[str, tuple[Question, list[str]]] = {
    "on a node": (
        lambda db, table: found_ids(sessions.running_on(db, {table.first}, NOW, NOW)),
        [*OWN[:-1], "NEIGHBOUR", "FOREIGN"],
    ),
    "on a node, assigned before it was": (
        lambda db, table: found_ids(sessions.running_on(db, {table.following}, LEFT, NOW)),
        [],
    ),
    "on a node, assigned just before": (
        lambda db, table: found_ids(sessions.running_on(db, {table.following}, LEFT + SECOND, NOW)),
        ["MOVED"],
    ),
    "of a candidate": (
        lambda db, table: found_ids(agreement.running(db, candidate(db, table), NOW)),
        OWN,
    ),
}
IN_ANY_ORDER: dict[str, tuple[Question, list[str]]] = {
    "beside one": (
        lambda db, table: found_ids(sessions.siblings(db, table.session(db, "RUNS"), NOW)),
        ["SISTER", "LAST-SECOND", "MOVED"],
    ),
    "of these": (lambda db, table: found_ids(changing.running(db, table.ids.values(), NOW)), ALL),
    "of this one": (
        lambda db, table: found_ids(changing.running(db, [table.ids["RUNS"]], NOW)),
        ["RUNS"],
    ),
    "of an institution": (lambda db, table: found_ids(changing.running_of(db, HOME, NOW)), AT_HOME),
    "of another": (lambda db, table: found_ids(changing.running_of(db, THEIRS, NOW)), ["FOREIGN"]),
    "that may have an alert": (lambda db, table: lasting.running(db, table.ids.values(), NOW), ALL),
    "of two that may": (
        lambda db, table: lasting.running(db, [table.ids["RUNS"], table.ids["DUE"]], NOW),
        ["RUNS"],
    ),
    "that should have a page": (
        lambda db, table: absence.missing(db, table.keyring, [*table.ids.values()], (), NOW),
        AT_HOME,  # the other institution's has a key that this one does not have
    ),
    "of one node to be drained": (
        lambda db, table: (one.session_id for one in held.by_node(db, [table.first], NOW)[table.first]),
        [name for name in ALL if name != "MOVED"],
    ),
}


def test_every_question_counts_the_sessions_that_run_and_no_other(database: Database, table: Rows) -> None:
    with database.write() as db:
        asked = {name: table.names(question(db, table)) for name, (question, _) in IN_ORDER.items()}
        sets = {name: sorted(table.names(one(db, table))) for name, (one, _) in IN_ANY_ORDER.items()}
    assert asked == {name: expected for name, (_, expected) in IN_ORDER.items()}
    assert sets == {name: sorted(expected) for name, (_, expected) in IN_ANY_ORDER.items()}


def test_what_is_held_is_counted_by_node(database: Database, table: Rows) -> None:
    with database.read() as db:
        counts = sessions.running_by_node(db, HOME, NOW)
        assert counts == Counter({table.first: 6, table.following: 1})
        assert sessions.running_by_node(db, THEIRS, NOW) == Counter({table.first: 1})
        assert sessions.active_count(db, candidate(db, table).id, NOW) == len(OWN)
        own = held.by_node(db, [table.following, table.third], NOW)
        assert held.by_node(db, [], NOW) == {}
        moved = table.session(db, "MOVED")
        [one] = own[table.following]
        assert (one.begins_utc, one.expires_utc) == (moved.begins_utc, moved.expires_utc)
        assert own[table.third] == []


def test_the_holder_of_a_session_is_its_present_node_and_nobody_when_it_is_over(
    database: Database, table: Rows
) -> None:
    with database.read() as db:
        asked = {*table.ids.values(), uuid4()} - {table.ids["NEW"]}
        holders = sessions.held_now(db, asked, NOW)
    assert holders.keys() == asked & {*table.ids.values()}
    over = [name for name in ("DUE", "ENDED", "LAST-SECOND") if holders[table.ids[name]] is None]
    assert over == ["DUE", "ENDED"]
    assert holders[table.ids["MOVED"]] == Held(epoch=2, node_id=table.following, from_utc=LEFT, to_utc=None)
    assert sum(one is None for one in holders.values()) == 2


def test_a_revoked_node_is_left_only_while_it_holds_something_that_runs(
    database: Database, table: Rows
) -> None:
    with database.read() as db:
        assert moving.revoked_holders(db, NOW) == []
    with database.write() as db:
        for node_id in (table.first, table.third):
            db.get_one(Node, node_id).revoked_utc = NOW
    with database.read() as db:
        assert moving.revoked_holders(db, NOW) == [table.first]
    with database.write() as db:  # of what runs only MOVED was there, and has left
        for name in (*OWN[:-1], "NEIGHBOUR", "NEW", "FOREIGN"):
            table.session(db, name).ended_utc = NOW
    with database.read() as db:
        assert moving.revoked_holders(db, NOW) == []


@pytest.mark.parametrize(("since", "told"), [(LEFT - SECOND, True), (LEFT, True), (LEFT + SECOND, False)])
def test_who_left_a_node_before_its_trouble_is_not_told_of_it(
    database: Database, table: Rows, since: Any, told: bool
) -> None:
    with database.read() as db:
        theirs = trouble.of_nodes(db, {table.first: since}, NOW)
        both = trouble.of_nodes(db, {table.first: since, table.following: since, table.third: since}, NOW)
    there = [*OWN[:-1], "NEIGHBOUR", "FOREIGN", *(["MOVED"] if told else [])]
    assert sorted(table.names(theirs)) == sorted(there)
    assert set(theirs.values()) == {table.first}
    assert both[table.ids["MOVED"]] == table.following  # where it is now
    assert sorted(table.names(both)) == sorted({*there, "MOVED"})


def test_nobody_is_missed_without_the_camera_or_where_nothing_can_be_written(
    database: Database, table: Rows
) -> None:
    with database.write() as db:
        table.session(db, "RUNS").details_sealed = b"not what it was"
        for name, purpose, why in (
            ("SISTER", Purpose.CAMERA_MONITORING, Why.WITHDRAWN),
            ("OTHER-EXAM", Purpose.CAMERA_MONITORING, Why.NOT_ACKNOWLEDGED),
            ("LAST-SECOND", Purpose.SPEECH_DETECTION, Why.WITHDRAWN),
        ):
            table.session(db, name).withheld = {str(purpose): str(why)}
    with database.read() as db:
        wanted = [table.ids[name] for name in OWN]
        missed = absence.missing(db, table.keyring, wanted, [table.ids["MOVED"]], START + SECOND)
    assert sorted(table.names(missed)) == ["LAST-SECOND", "MOVED", "OTHER-EXAM"]
    begins = {table.names([one])[0]: page.from_beginning for one, page in missed.items()}
    assert begins == {"LAST-SECOND": True, "MOVED": False, "OTHER-EXAM": True}


OVER = (
    ("DUE", "session-expired", "the session has expired"),
    ("ENDED", "session-ended", "the session has ended"),
)


def test_a_session_that_is_over_is_refused_and_says_why(database: Database, table: Rows) -> None:
    with database.write() as db:
        for name in ("RUNS", "LAST-SECOND"):
            sessions.check_running(table.session(db, name), NOW)
        for name, code, said in OVER:
            with refused(410, code, said):
                sessions.check_running(table.session(db, name), NOW)
            with refused(410, code, said):
                sessions.as_now(db, table.found(db, name), NOW)
            with refused(410, code, said):
                changing.hold(db, table.ids[name], NOW)


def test_a_session_is_found_at_its_institution_and_the_log_knows_whom_it_is_about(
    database: Database, table: Rows
) -> None:
    unknown = "there is no session with this id"
    with database.read() as db, answering("") as acting:
        found = sessions.find(db, THEIRS, "FOREIGN")
        assert (acting.tenant_id, acting.session_id) == (THEIRS, table.ids["FOREIGN"])
        assert acting.candidate_id == found.candidate.id
        for tenant_id, reference in ((HOME, "FOREIGN"), (THEIRS, "RUNS"), (HOME, "NOBODY")):
            with refused(404, "session-unknown", unknown):
                sessions.find(db, tenant_id, reference)
        sessions.check_free(db, HOME, "FOREIGN")
        sessions.check_free(db, THEIRS, "RUNS")
        used = "this exam_session_id is already used; choose another or leave it out"
        for reference in ("RUNS", "ENDED"):
            with refused(409, "session-exists", used):
                sessions.check_free(db, HOME, reference)


def test_a_session_as_it_is_now_is_read_again_and_has_not_moved(database: Database, table: Rows) -> None:
    with database.read() as db:
        before = table.found(db, "RUNS")
        present, own = table.found(db, "MOVED"), table.assigned(db, "MOVED")[0]
        former = Found(present.session, present.candidate, own)
        moved = table.found(db, "MOVED")
    with database.write() as db:
        table.session(db, "RUNS").paused_utc = NOW
    with database.read() as db:
        assert sessions.as_now(db, before, NOW).session.paused_utc == NOW
        assert sessions.as_now(db, moved, NOW).assignment.epoch == 2
        with pytest.raises(Unavailable, match=r"^the session has just moved on to another node$") as away:
            sessions.as_now(db, former, NOW)
    assert away.value.code == "handed-over"


@pytest.mark.parametrize(
    ("name", "tenant_id", "device", "code"),
    [
        ("RUNS", HOME, None, None),
        ("RUNS", HOME, 2, None),
        ("RUNS", HOME, 3, None),
        ("RUNS", HOME, 1, "device-moved"),
        ("RUNS", THEIRS, None, "token-invalid"),
        ("DUE", HOME, None, "session-expired"),
        ("ENDED", HOME, None, "session-ended"),
        (None, HOME, None, "token-invalid"),
    ],
)
def test_a_sessions_token_is_good_for_it_alone_and_while_it_runs(
    database: Database, table: Rows, name: str | None, tenant_id: UUID, device: int | None, code: str | None
) -> None:
    session_id = uuid4() if name is None else table.ids[name]
    claims = Claims(
        subject="STU-RUNS", role=Role.CANDIDATE, tenant_id=tenant_id, session_id=session_id, device=device
    )
    with database.write() as db:
        table.session(db, "RUNS").device = 2
    with database.read() as db:
        if code is None:
            sessions.check_token(db, claims, NOW)
            return
        with pytest.raises(Rejected) as refusal:
            sessions.check_token(db, claims, NOW)
    assert (refusal.value.status, refusal.value.code) == (401, code)
    if code.startswith("session-"):
        assert str(refusal.value) in {f"{said}; its token is no longer valid" for *_, said in OVER}


def test_a_terminated_exam_is_over_for_its_candidate_alone(database: Database, table: Rows) -> None:
    with database.write() as db:
        own, others = candidate(db, table).id, table.session(db, "NEIGHBOUR").candidate_id
        sessions.check_not_terminated(db, own, "BIO-101")
        table.session(db, "ENDED").terminated_utc = NOW
    said = "a proctor has terminated this exam for you; only your institution's staff can start it again"
    with database.read() as db:
        with refused(409, "exam-terminated", said):
            sessions.check_not_terminated(db, own, "BIO-101")
        sessions.check_not_terminated(db, own, "CHEM-101")
        sessions.check_not_terminated(db, others, "BIO-101")


def test_a_candidate_has_two_running_sessions_of_its_own_at_most(database: Database, table: Rows) -> None:
    said = "2 of your sessions are running; end one, or let the exam platform start it"
    with database.read() as db:
        others = table.session(db, "NEIGHBOUR").candidate_id
        sessions.check_own_share(db, others, NOW + timedelta(hours=4))  # one of them has expired
        for one in (others, candidate(db, table).id):
            with refused(409, "too-many-sessions", said):
                sessions.check_own_share(db, one, NOW)


def test_a_session_ends_once_and_alone(database: Database, table: Rows) -> None:
    with database.write() as db:
        ends = table.session(db, "RUNS")
        assert sessions.mark_ended(db, ends, NOW, terminated=False) == NOW
        assert sessions.mark_ended(db, ends, NOW + SECOND, terminated=True) == NOW
        assert (
            sessions.mark_ended(db, table.session(db, "SISTER"), NOW + SECOND, terminated=True)
            == NOW + SECOND
        )
    with database.read() as db:
        marks = {
            name: (table.session(db, name).ended_utc, table.session(db, name).terminated_utc) for name in OWN
        }
    assert marks == dict.fromkeys(OWN, (None, None)) | {
        "RUNS": (NOW, None),
        "SISTER": (NOW + SECOND, NOW + SECOND),
    }


def test_where_a_page_connects_is_noted_for_the_present_node_of_a_session_that_runs(
    database: Database, table: Rows
) -> None:
    accepted = SessionAccepted(
        session_id=uuid4(), signaling_url="ws://new/signal", whip_url="http://new/whip"
    )
    with database.write() as db:
        moved = table.found(db, "MOVED")
        former = Found(moved.session, moved.candidate, table.assigned(db, "MOVED")[0])
        asked = {name: table.found(db, name) for name in ("RUNS", "LAST-SECOND", "DUE", "ENDED")}
        noted = {name: sessions.note_address(db, one, accepted, NOW) for name, one in asked.items()}
        assert not sessions.note_address(db, former, accepted, NOW)
    assert noted == {"RUNS": True, "LAST-SECOND": True, "DUE": False, "ENDED": False}
    with database.read() as db:
        known = {name: table.session(db, name) for name in table.ids}
        there = {name: (one.signaling_url, one.whip_url) for name, one in known.items()}
    new, old = ("ws://new/signal", "http://new/whip"), ("ws://edge/signal", "http://edge/whip")
    assert there == {name: new if noted.get(name) else old for name in table.ids}


def test_a_page_is_noted_while_its_session_runs_and_its_first_picture_once(
    database: Database, table: Rows
) -> None:
    phases = {table.ids["RUNS"]: "silent", table.ids["SISTER"]: "withheld", table.ids["ENDED"]: "watching"}
    with database.write() as db:
        for name in ("RUNS", "SISTER"):
            presence.note_camera(table.session(db, name), "busy", START)
        presence.note(db, phases, NOW)
        presence.note(db, phases, NOW + SECOND)
    with database.read() as db:
        runs, sister, ended = (table.session(db, name) for name in ("RUNS", "SISTER", "ENDED"))
        assert (runs.page, runs.page_since_utc, runs.page_came_utc) == ("silent", NOW, None)
        assert (runs.camera_trouble, runs.camera_trouble_utc) == ("busy", START)
        assert (sister.page, sister.page_since_utc, sister.page_came_utc) == ("withheld", NOW, NOW)
        assert (sister.camera_trouble, sister.camera_trouble_utc) == (None, None)
        assert (ended.page, ended.page_since_utc, ended.page_came_utc) == (None, None, None)
    with database.write() as db:
        presence.note(db, {table.ids["SISTER"]: "watching"}, NOW + 2 * SECOND)
        runs = table.session(db, "RUNS")
        presence.note_camera(runs, "busy", NOW)
        assert runs.camera_trouble_utc == START
        presence.note_camera(runs, "refused", NOW)
        assert (runs.camera_trouble, runs.camera_trouble_utc) == ("refused", NOW)
        presence.note_camera(table.session(db, "RUNS"), None, NOW)
    with database.read() as db:
        runs = table.session(db, "RUNS")
        assert (runs.camera_trouble, runs.camera_trouble_utc) == (None, None)
    with database.read() as db:
        sister = table.session(db, "SISTER")
        assert (sister.page, sister.page_since_utc) == ("watching", NOW + 2 * SECOND)
        assert sister.page_came_utc == NOW

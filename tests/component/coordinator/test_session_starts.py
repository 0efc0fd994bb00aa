"""How a session starts: which node is asked, what is stored of it, and what a refused start leaves behind."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Iterator
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any
from uuid import UUID, uuid4

import pytest
from sqlmodel import select

from coordinator.accommodations import service as accommodations
from coordinator.accommodations.service import Change, Terms
from coordinator.alerts import service as alerts
from coordinator.config import RegionSection
from coordinator.consents import service as consents
from coordinator.consents.tables import Consent
from coordinator.consents.words import Why
from coordinator.enrollments.face_tables import PracticeCheck
from coordinator.evidence.service import living_key
from coordinator.exams import service as exams
from coordinator.exams.tables import Exam
from coordinator.ground.acting import answering
from coordinator.idempotency.sameness import Asked
from coordinator.keys.tables import Key
from coordinator.memberships import accepting
from coordinator.nodes.fleet import Fleet
from coordinator.nodes.placements import Placement
from coordinator.nodes.tables import Assignment, Node
from coordinator.policies import service as policies
from coordinator.sessions import details_service as details
from coordinator.sessions.joining import service as joining
from coordinator.sessions.starting import first
from coordinator.sessions.starting.preparing import Plan, StartWish, check_still_agreed, prepare
from coordinator.sessions.tables import ExamSession
from coordinator.tenants.tables import DEFAULT_TENANT_ID as HOME
from coordinator.tokens import key_service as token_keys
from shared.api.exams import ConsentRequest, ExamRequest
from shared.api.sessions import SessionStartRequest, SessionStartResponse
from shared.consents import Purpose
from shared.errors import Rejected, Unavailable
from shared.events.types import EventType
from shared.ice import AFTER_END_S, IceServer
from shared.messages.sessions import EndSession
from shared.policy.schema import parse_policy
from shared.policy.terms import Accommodation
from shared.tokens import hint
from tests.support.session_rows import NOW, SECOND
from tests.support.told_nodes import Desk, accepted_by, desk_without_hub

FULL = Rejected("the node is full", code="node-full", status=503)
AWAY = Unavailable("the edge node does not answer", code="node-away")
ENDING = Unavailable("this node is shutting down", code="node-unavailable")
BROKEN = Unavailable("the edge node's answer cannot be read", code="bad-reply")
REFUSES = Rejected("the policy has an unknown rule", code="policy-invalid", status=422)


@pytest.fixture
def desk(migrated_sqlite: Path, tmp_path: Path) -> Iterator[Desk]:
    with desk_without_hub(migrated_sqlite, tmp_path) as made:
        yield made


def wish(**fields: Any) -> StartWish:
    own = {"by_candidate", "address"} & fields.keys()
    body: dict[str, Any] = {"candidate_id": "NEW-ONE", "exam_id": "BIO-101", "allow_unregistered": True}
    request = SessionStartRequest.model_validate(
        body | {name: value for name, value in fields.items() if name not in own}
    )
    return StartWish(HOME, request, NOW, by="ann", **{name: fields[name] for name in own})


async def start(desk: Desk, asked: Asked | None = None, **fields: Any) -> SessionStartResponse:
    return await first.start(desk.parts, wish(**fields), asked)


async def refusal(starting: Awaitable[object]) -> str | None:
    """The code with which a start is refused; None: it is not."""
    try:
        await starting
    except (Rejected, Unavailable) as refused:
        return refused.code
    return None


def in_turn(desk: Desk) -> list[UUID]:
    """The nodes in the order in which they are picked: of equals, the first by its id."""
    return sorted(node.node_id for node in desk.table.nodes)


def asked_of(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> list[UUID]:
    """The nodes that are picked from now on."""
    picked: list[UUID] = []
    pick = Fleet.pick

    def noting(fleet: Fleet, now: float, **more: Any) -> Any:
        state = pick(fleet, now, **more)
        picked.append(state.heartbeat.node_id)
        return state

    monkeypatch.setattr(Fleet, "pick", noting)
    return picked


def stored(desk: Desk) -> list[str]:
    """The sessions that are new in the table."""
    with desk.parts.database.read() as db:
        return sorted(
            row.reference for row in db.exec(select(ExamSession)) if row.id not in desk.table.ids.values()
        )


@pytest.mark.parametrize(
    ("fails", "tried", "code"),
    [
        ((), 1, None),
        ((FULL,), 2, None),
        ((FULL, FULL), 3, None),
        ((FULL, FULL, FULL), 3, "node-full"),
        ((AWAY,), 2, None),
        ((ENDING,), 2, None),
        ((AWAY, FULL), 3, None),
        ((AWAY, ENDING), 3, None),
        ((AWAY, AWAY, ENDING), 3, "node-away"),
        ((BROKEN,), 1, "bad-reply"),
        ((REFUSES,), 1, "policy-invalid"),
        ((FULL, AWAY, FULL), 3, "node-away"),
    ],
)
def test_the_next_best_node_is_asked_but_not_without_end(
    desk: Desk, monkeypatch: pytest.MonkeyPatch, fails: tuple[Any, ...], tried: int, code: str | None
) -> None:
    async def test() -> None:
        for node in desk.table.nodes:
            desk.hears(node)
        turn = in_turn(desk)
        for node_id, error in zip(turn, fails, strict=False):
            desk.nodes.fails[node_id] = error
        picked = asked_of(desk, monkeypatch)
        if code is None:
            assert (await start(desk, exam_session_id="S")).edge_node == str(turn[tried - 1])
        else:
            assert await refusal(start(desk, exam_session_id="S")) == code
        assert picked == turn[:tried]
        assert stored(desk) == (["S"] if code is None else [])

    asyncio.run(test())


def test_the_first_that_did_not_answer_is_told_of_where_there_is_no_other(desk: Desk) -> None:
    async def test() -> None:
        only = desk.table.nodes[0]
        desk.hears(only)
        desk.nodes.fails[only.node_id] = AWAY
        with pytest.raises(Unavailable) as away:
            await start(desk)
        assert away.value is AWAY
        desk.parts.fleet = Fleet()
        with pytest.raises(Unavailable) as nobody:
            await start(desk)
        assert nobody.value.code == "no-node-online"

    asyncio.run(test())


def test_a_node_that_another_replica_has_cordoned_is_not_asked_again(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    turn = in_turn(desk)

    async def refresh(parts: Any) -> None:
        parts.fleet.accept({turn[0]: Placement.CORDONED})

    monkeypatch.setattr(accepting, "refresh", refresh)

    async def test() -> None:
        for node in desk.table.nodes:
            desk.hears(node)
        with desk.parts.database.write() as db:
            db.get_one(Node, turn[0]).placement = Placement.CORDONED
        picked = asked_of(desk, monkeypatch)
        assert (await start(desk)).edge_node == str(turn[1])
        assert picked == turn[:2]
        [(node_id, order)] = desk.nodes.ended  # it had said yes
        assert (node_id, order.submitted, order.epoch) == (turn[0], False, None)

    asyncio.run(test())


@pytest.mark.parametrize(
    ("fields", "region"),
    [
        ({}, None),
        ({"region": "north"}, "north"),
        ({"address": "10.7.1.2", "by_candidate": False}, "hall"),
        ({"address": "10.8.1.2"}, None),
        ({"address": "10.7.1.2", "region": "north"}, "north"),
    ],
)
def test_a_nodes_region_is_the_callers_or_the_addresss(
    desk: Desk, monkeypatch: pytest.MonkeyPatch, fields: dict[str, Any], region: str | None
) -> None:
    section = RegionSection(prefix="10.7.0.0/16", region="hall")
    desk.parts.config = desk.parts.config.model_copy(update={"regions": (section,)})
    wanted: list[Any] = []
    pick = Fleet.pick

    def noting(fleet: Fleet, now: float, **more: Any) -> Any:
        wanted.append(more)
        return pick(fleet, now, **more)

    monkeypatch.setattr(Fleet, "pick", noting)

    async def test() -> None:
        desk.hears(desk.table.nodes[0])
        await start(desk, policy={"lowest_level": 2}, **fields)

    asyncio.run(test())
    [one] = wanted
    assert (one["region"], one["lowest_level"], one["recognisers"]) == (region, 2, [])


def test_what_a_session_starts_with_is_stored_with_it(desk: Desk) -> None:
    async def test() -> None:
        node = desk.table.nodes[0]
        desk.hears(node)
        with desk.parts.database.write() as db:
            kid = token_keys.rotate(db, desk.parts.keys, HOME, "ann", NOW).kid
        with answering("") as acting:
            answer = await start(
                desk,
                exam_session_id="S",
                frontend_instance_id="front-1",
                verification_policy={"face_match_threshold": 0.8},
                metadata={"exam_duration_minutes": 60, "room": "7"},
                policy={"version": 4},
            )
        with desk.parts.database.read() as db:
            [row] = db.exec(select(ExamSession).where(ExamSession.reference == "S"))
            kept = details.open_details(desk.parts.keys.keyring, db.get_one(Key, row.data_key_id), row)
            own = db.get_one(Assignment, (row.id, 1))
            evidence = living_key(db, row)
            assert evidence is not None
            code = answer.join_url.partition("#")[2]
            assert joining.follow(db, code, NOW).session.id == row.id
            assert db.exec(select(Consent)).all() == []
        assert (acting.tenant_id, acting.candidate_id, acting.session_id) == (HOME, row.candidate_id, row.id)
        assert (row.tenant_id, row.exam_reference, row.enrollment_id) == (HOME, "BIO-101", None)
        assert (row.policy_version, row.policy["version"], row.policy["candidate"]) == (4, 4, None)
        assert (row.token_kid, row.device, row.paused_utc, row.ended_utc) == (kid, 0, None, None)
        assert (row.started_utc, row.begins_utc) == (NOW, NOW)
        assert row.expires_utc == NOW + timedelta(minutes=60) == answer.session_expires_at
        assert row.withheld == {
            purpose.value: Why.NOT_ACKNOWLEDGED.value
            for purpose in (
                Purpose.CAMERA_MONITORING,
                Purpose.IDENTITY_VERIFICATION,
                Purpose.SPEECH_DETECTION,
            )
        }
        there = accepted_by(node.node_id, row.id)
        assert (row.signaling_url, row.whip_url) == (there.signaling_url, there.whip_url)
        assert (answer.signaling_url, answer.whip_url) == (there.signaling_url, there.whip_url)
        assert kept["metadata"] == {"exam_duration_minutes": 60, "room": "7"}
        assert kept["frontend_instance_id"] == "front-1"
        assert kept["verification_policy"]["face_match_threshold"] == 0.8
        assert kept["candidate_terms"] is None
        assert (own.node_id, own.from_utc, own.to_utc, own.tenant_id) == (node.node_id, NOW, None, HOME)
        [(node_id, order)] = desk.nodes.started
        assert (node_id, order.session_id, order.epoch) == (node.node_id, row.id, 1)
        assert (order.evidence_key_id, order.seal_key_id) == (evidence.id, row.seal_key_id)
        assert (order.transcript_key_id, order.features_key_id) == (None, None)
        assert hint(answer.session_token).key_id == kid
        assert desk.nodes.ended == []

    asyncio.run(test())


def test_a_start_that_says_what_was_acknowledged_withholds_nothing_and_is_written_down(desk: Desk) -> None:
    async def test() -> None:
        desk.hears(desk.table.nodes[0])
        answer = await start(
            desk, exam_session_id="S", acknowledged={"text_version": "2026-11", "on_paper": True}
        )
        assert answer.not_acknowledged == []
        with desk.parts.database.read() as db:
            said = db.exec(select(Consent)).all()
            [row] = db.exec(select(ExamSession).where(ExamSession.reference == "S"))
        assert row.withheld == {}
        assert {one.purpose for one in said} == {
            Purpose.CAMERA_MONITORING,
            Purpose.IDENTITY_VERIFICATION,
            Purpose.SPEECH_DETECTION,
        }
        assert {(one.recorded_by, one.created_utc) for one in said} == {("ann", NOW)}

    asyncio.run(test())


def test_a_check_of_the_last_day_stands_on_the_timeline(desk: Desk) -> None:
    async def test() -> None:
        desk.hears(desk.table.nodes[0])
        with desk.parts.database.write() as db:
            candidate = desk.table.found(db, "RUNS").candidate
            name = candidate.reference
            for hours in (2, 1, 25):
                db.add(
                    PracticeCheck(
                        tenant_id=HOME,
                        candidate_id=candidate.id,
                        checked_utc=NOW - timedelta(hours=hours),
                        outcomes={},
                    )
                )
        await start(desk, exam_session_id="S", candidate_id=name)
        with desk.parts.database.read() as db:
            [row] = db.exec(select(ExamSession).where(ExamSession.reference == "S"))
            told = [
                (one.alert.event_type.value, one.alert.onset)
                for one in alerts.timeline(db, desk.parts.keys.keyring, row)
            ]
        assert told == [("CHECKED", NOW - timedelta(hours=1)), ("SESSION_STARTED", NOW)]
        assert row.candidate_id == candidate.id

    asyncio.run(test())


def test_a_repeated_start_starts_nothing(desk: Desk) -> None:
    asked = Asked(HOME, b"r" * 32, b"b" * 32, NOW)

    async def test() -> None:
        desk.hears(desk.table.nodes[0])
        answers = [await start(desk, asked) for _ in range(2)]
        assert answers[0] == answers[1]
        assert len(desk.nodes.started) == len(stored(desk)) == 1
        with pytest.raises(Rejected) as another:
            await start(desk, replace(asked, body_hash=b"c" * 32))
        assert another.value.code == "idempotency-key-reused"

    asyncio.run(test())


def test_what_cannot_be_stored_is_ended_on_its_node_and_leaves_nothing(desk: Desk) -> None:
    async def test() -> None:
        desk.hears(desk.table.nodes[0])

        def terminated() -> None:
            with desk.parts.database.write() as db:
                desk.table.session(db, "ENDED").terminated_utc = NOW
                desk.table.session(db, "ENDED").ended_utc = NOW
                for name in ("RUNS", "SISTER", "OTHER-EXAM", "MOVED"):
                    desk.table.session(db, name).ended_utc = NOW

        with desk.parts.database.write() as db:
            for name in ("RUNS", "SISTER", "OTHER-EXAM", "MOVED"):
                desk.table.session(db, name).ended_utc = NOW
        own: dict[str, Any] = {"candidate_id": "STU-RUNS", "by_candidate": True}
        desk.nodes.meanwhile = terminated
        with pytest.raises(Rejected) as refused:
            await start(desk, **own)
        assert refused.value.code == "exam-terminated"
        [(node_id, order)] = desk.nodes.started
        assert desk.nodes.ended == [(node_id, EndSession(session_id=order.session_id, submitted=False))]
        assert stored(desk) == []
        # Before any node is asked, and for staff not at all.
        with pytest.raises(Rejected):
            await start(desk, **own)
        assert len(desk.nodes.started) == 1
        assert (await start(desk, **own | {"by_candidate": False})).status == "active"

    asyncio.run(test())


def test_a_candidates_third_session_is_refused_also_when_the_second_came_meanwhile(desk: Desk) -> None:
    async def test() -> None:
        desk.hears(desk.table.nodes[0])
        with desk.parts.database.write() as db:
            for name in ("SISTER", "OTHER-EXAM", "MOVED", "LAST-SECOND"):
                desk.table.session(db, name).ended_utc = NOW

        def second() -> None:
            with desk.parts.database.write() as db:
                desk.table.session(db, "SISTER").ended_utc = None

        own: dict[str, Any] = {"candidate_id": "STU-RUNS", "by_candidate": True}
        desk.nodes.meanwhile = second
        with pytest.raises(Rejected) as refused:
            await start(desk, **own)
        assert refused.value.code == "too-many-sessions"
        assert stored(desk) == []
        with pytest.raises(Rejected):
            await start(desk, **own)
        assert len(desk.nodes.started) == 1

    asyncio.run(test())


def test_an_id_that_is_taken_meanwhile_is_refused(desk: Desk) -> None:
    async def test() -> None:
        desk.hears(desk.table.nodes[0])

        def taken() -> None:
            with desk.parts.database.write() as db:
                row = desk.table.session(db, "RUNS")
                db.add(ExamSession(**{**row.model_dump(), "id": uuid4(), "reference": "S"}))

        desk.nodes.meanwhile = taken
        with pytest.raises(Rejected) as refused:
            await start(desk, exam_session_id="S")
        assert (refused.value.status, refused.value.code) == (409, "session-exists")
        assert len(desk.nodes.ended) == 1

    asyncio.run(test())


def test_nothing_is_stored_for_a_key_or_a_candidate_that_is_gone_by_then(desk: Desk) -> None:
    async def test() -> None:
        desk.hears(desk.table.nodes[0])

        def destroyed() -> None:
            with desk.parts.database.write() as db:
                for key in db.exec(select(Key)):
                    key.wrapped, key.destroyed_utc = None, NOW

        desk.nodes.meanwhile = destroyed
        with pytest.raises(Unavailable, match="another request for this candidate came first") as refused:
            await start(desk, exam_session_id="S", candidate_id="STU-RUNS")
        assert refused.value.code == "started-twice"
        assert stored(desk) == []
        assert len(desk.nodes.ended) == 1

    asyncio.run(test())


def test_a_turn_servers_password_is_made_for_the_session_and_until_it_is_over(desk: Desk) -> None:
    desk.parts.ice_servers = (IceServer(("turn:turn.example",), secret="sesame"),)

    async def test() -> None:
        desk.hears(desk.table.nodes[0])
        answer = await start(desk)
        [server] = answer.webrtc_config.ice_servers
        until = int(answer.session_expires_at.timestamp()) + AFTER_END_S
        assert server.username == f"{until}:{answer.session_uuid}"
        assert server.credential

    asyncio.run(test())


def test_times_are_those_of_the_request(desk: Desk) -> None:
    async def test() -> None:
        desk.hears(desk.table.nodes[0])
        begins = NOW + timedelta(hours=2)
        await start(desk, exam_session_id="S", metadata={"start_time": begins.isoformat()})
        with desk.parts.database.read() as db:
            [row] = db.exec(select(ExamSession).where(ExamSession.reference == "S"))
        assert (row.started_utc, row.begins_utc) == (NOW, begins)
        assert row.expires_utc == begins + timedelta(hours=3)
        with pytest.raises(Rejected) as far:
            await start(desk, metadata={"start_time": (NOW + timedelta(hours=24) + SECOND).isoformat()})
        assert far.value.status == 422

    asyncio.run(test())


PHRASES: Any = {"features": {"speech_transcription": True}, "phrases": ["number seven"], "feature_log": True}
LATER = NOW + timedelta(hours=1)


def made_exam(desk: Desk, policy: dict[str, Any], **window: Any) -> Exam:
    """The exam BIO-101 under this policy."""
    with desk.parts.database.write() as db:
        request = ExamRequest.model_validate(
            {"exam_id": "BIO-101", "title": "Biology", "policy": policy} | window
        )
        exam = exams.create(db, HOME, request, NOW)
        policies.add(db, exam, parse_policy(policy), changed_by="ann", reason="", now_utc=NOW)
        return exam


def says(desk: Desk, purpose: Purpose, *, given: bool) -> None:
    """STU-RUNS has its word recorded."""
    with desk.parts.database.write() as db:
        candidate = desk.table.found(db, "RUNS").candidate
        word = ConsentRequest(given=given, text_version="1", confirm=not given)
        consents.record(db, candidate, purpose, word, recorded_by="STU-RUNS", now_utc=NOW)


def planned(desk: Desk, **fields: Any) -> Plan:
    with desk.parts.database.read() as db:
        return prepare(db, desk.parts.keys, wish(candidate_id="STU-RUNS", **fields))


def test_a_session_is_planned_by_its_exam_and_by_what_is_agreed_with_its_candidate(desk: Desk) -> None:
    exam = made_exam(desk, PHRASES, opens_at=LATER, closes_at=LATER + timedelta(hours=2))
    with desk.parts.database.write() as db:
        candidate = desk.table.found(db, "RUNS").candidate
        terms = Terms(accommodation=Accommodation(muted=(EventType.LEFT_FRAME,)), extra_minutes=20)
        accommodations.record(
            db, desk.parts.keys.keyring, exam, candidate, Change(terms=terms, changed_by="ann", now_utc=NOW)
        )
    for purpose in (Purpose.SPEECH_TRANSCRIPTION, Purpose.FEATURE_LOG, Purpose.CAMERA_MONITORING):
        says(desk, purpose, given=True)
    plan = planned(desk)
    assert (plan.times.begins_utc, plan.times.expires_utc) == (
        LATER,
        LATER + timedelta(hours=2, minutes=20),
    )
    assert plan.policy.recognises_speech
    assert not plan.policy.rule(EventType.LEFT_FRAME).enabled
    assert plan.withheld == dict.fromkeys(
        (Purpose.IDENTITY_VERIFICATION, Purpose.SPEECH_DETECTION), Why.NOT_ACKNOWLEDGED
    )
    assert plan.transcript_key is not None
    assert plan.transcript_key.scope == str(plan.session_id)
    assert len(plan.features_keys) == 2
    assert plan.candidate.reference == "STU-RUNS"
    with desk.parts.database.read() as db:
        check_still_agreed(db, plan)
    acknowledged = planned(desk, acknowledged={"text_version": "1"})
    assert acknowledged.withheld == {}
    plain = planned(desk, policy={})  # instead of the exam's
    assert (plain.transcript_key, plain.features_keys) == (None, ())
    assert not plain.policy.recognises_speech
    assert not plain.policy.rule(EventType.LEFT_FRAME).enabled  # what is agreed stays agreed


@pytest.mark.parametrize(
    ("purpose", "code", "words"),
    [
        (Purpose.CAMERA_MONITORING, "consent-withdrawn", "the candidate has withdrawn its consent to"),
        (
            Purpose.SPEECH_TRANSCRIPTION,
            "consent-changed",
            "the candidate has just withdrawn consent to speech",
        ),
        (Purpose.FEATURE_LOG, "consent-changed", "the candidate has just withdrawn consent to the log"),
        (Purpose.IMPERSONATION_SEARCH, None, ""),
    ],
)
def test_what_is_withdrawn_while_its_node_is_asked_stops_the_start(
    desk: Desk, purpose: Purpose, code: str | None, words: str
) -> None:
    made_exam(desk, PHRASES)
    for agreed in (Purpose.SPEECH_TRANSCRIPTION, Purpose.FEATURE_LOG):
        says(desk, agreed, given=True)
    plan = planned(desk)
    says(desk, purpose, given=False)
    with desk.parts.database.read() as db:
        found: tuple[str | None, str] = (None, "")
        try:
            check_still_agreed(db, plan)
        except (Rejected, Unavailable) as refused:
            found = refused.code, str(refused)
    assert (found[0], found[1][: len(words)]) == (code, words)


def test_an_acknowledgement_meanwhile_has_the_start_repeated(desk: Desk) -> None:
    plan = planned(desk)
    says(desk, Purpose.CAMERA_MONITORING, given=True)
    said = "the candidate has just changed its consents; start the session again"
    with desk.parts.database.read() as db, pytest.raises(Unavailable) as refused:
        check_still_agreed(db, plan)
    assert (refused.value.code, str(refused.value)) == ("consent-changed", said)


def test_who_and_what_is_registered_is_looked_at_unless_staff_say_otherwise(desk: Desk) -> None:
    def refused(**fields: Any) -> str | None:
        with desk.parts.database.read() as db:
            try:
                prepare(db, desk.parts.keys, wish(**fields))
            except Rejected as error:
                return error.code
        return None

    strict: dict[str, Any] = {"allow_unregistered": False}
    known = strict | {"candidate_id": "STU-RUNS"}
    assert refused(**known) == "exam-unknown"
    made_exam(desk, {})
    assert refused(**known) is None
    assert refused(**strict) == "candidate-unknown"
    assert refused(**strict, by_candidate=True) is None
    assert refused(exam_session_id="RUNS") == "session-exists"
    assert refused(exam_session_id="FOREIGN") is None

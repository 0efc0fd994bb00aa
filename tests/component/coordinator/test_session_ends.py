"""How a session ends, and how its policy and its key change while it runs: what is stored and who is told."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlmodel import Session, select

from coordinator.alerts import service as alerts
from coordinator.exams import service as exams
from coordinator.excerpts import service as excerpts
from coordinator.ground.database import Database
from coordinator.keys.tables import Key, RetentionClass
from coordinator.nodes import assignments_service as assignments
from coordinator.policies import service as policies
from coordinator.sessions import details_service as details, ending
from coordinator.sessions.changing import rekeying
from coordinator.sessions.changing.telling import change_policy
from coordinator.sessions.details_service import CANDIDATE_TERMS
from coordinator.sessions.milestones import milestone
from coordinator.sessions.service import Found, subject_of
from coordinator.tenants.tables import DEFAULT_TENANT_ID as HOME
from shared.alerts import Alert
from shared.api.exams import ExamRequest
from shared.api.sessions import SessionPolicyOut, SessionPolicyRequest
from shared.errors import Rejected, Unavailable
from shared.events.types import EventType
from shared.messages.sessions import EndSession
from shared.policy.schema import Policy, parse_policy
from shared.policy.terms import Accommodation
from shared.sealing import parse_signing_public
from shared.tokens import Claims, Role, key_id_of
from tests.support.session_rows import NOW, SECOND
from tests.support.told_nodes import Desk, desk_without_hub, messages

ADA = Claims(subject="ada", role=Role.ADMIN, tenant_id=HOME)
AWAY = Unavailable("the edge node does not answer", code="node-away")
PHRASES: Any = {"features": {"speech_transcription": True}, "phrases": ["number seven"]}


@pytest.fixture
def desk(migrated_sqlite: Path, tmp_path: Path) -> Iterator[Desk]:
    with desk_without_hub(migrated_sqlite, tmp_path) as made:
        yield made


def found(desk: Desk, name: str) -> Found:
    with desk.parts.database.read() as db:
        return desk.table.found(db, name)


def timeline(desk: Desk, name: str) -> list[Alert]:
    with desk.parts.database.read() as db:
        session = desk.table.session(db, name)
        return [one.alert for one in alerts.timeline(db, desk.table.keyring, session)]


def scrubbed(monkeypatch: pytest.MonkeyPatch) -> list[Database]:
    """The databases that are scrubbed from now on."""
    done: list[Database] = []

    def noting(database: Database) -> bool:
        done.append(database)
        return True

    monkeypatch.setattr(Database, "scrub", noting)
    return done


def recognising(desk: Desk, name: str) -> Key:
    """Let words be recognised in a session; the key that they are sealed to."""
    policy = parse_policy(PHRASES).for_candidate(Accommodation(), speech_opt_in=True)
    assert policy.candidate is not None
    with desk.parts.database.write() as db:
        session = desk.table.session(db, name)
        session.policy = policy.model_copy(update={"candidate": None}).model_dump(mode="json")
        own = db.get_one(Key, session.data_key_id)
        known = {CANDIDATE_TERMS: policy.candidate.model_dump(mode="json")}
        session.details_sealed = details.seal_details(desk.table.keyring, own, session.id, known)
        candidate = desk.table.found(db, name).candidate
        key = excerpts.propose_key(db, desk.table.keyring, candidate, policy, session.id, NOW)
        assert key is not None
        db.add(key)
    return key


def living_words(desk: Desk) -> list[str]:
    """The scopes of the keys that still open what was said."""
    with desk.parts.database.read() as db:
        wanted = select(Key).where(Key.retention_class == RetentionClass.TRANSCRIPT)
        return [key.scope for key in db.exec(wanted) if key.wrapped is not None]


def test_a_session_ends_once_here_and_then_on_its_node(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    done = scrubbed(monkeypatch)

    async def test() -> None:
        staff, others = desk.listens("MOVED"), desk.listens("RUNS")
        one = found(desk, "MOVED")
        first = await ending.end(desk.parts, one, NOW, submitted=True)
        assert (first.status, first.session_id, first.ended_at) == ("ended", "MOVED", NOW)
        again = await ending.end(desk.parts, one, NOW + SECOND, submitted=False)
        assert again == first
        assert desk.nodes.ended == [
            (desk.table.following, EndSession(session_id=one.session.id, submitted=True))
        ]
        assert desk.states.removed == [one.session.id]
        said = [json.loads(text) for text in messages(staff)]
        assert [text.get("event_type", text.get("status")) for text in said] == [
            "SUBMITTED", "SESSION_ENDED", "ended", "ended",
        ]  # fmt: skip
        assert messages(others) == []

    asyncio.run(test())
    told = timeline(desk, "MOVED")
    assert [one.event_type.value for one in told] == ["SUBMITTED", "SESSION_ENDED"]
    assert [one.onset for one in told] == [NOW, NOW + timedelta(milliseconds=1)]
    assert found(desk, "MOVED").session.terminated_utc is None
    assert done == []  # nothing that was said had to be forgotten


def test_a_session_that_moved_a_moment_ago_ends_where_it_is_now(desk: Desk) -> None:
    async def test() -> None:
        one = found(desk, "RUNS")
        with desk.parts.database.write() as db:
            assignments.hand_over(db, desk.table.found(db, "RUNS").assignment, desk.table.third, NOW)
        await ending.end(desk.parts, one, NOW, submitted=False)
        assert [node_id for node_id, _ in desk.nodes.ended] == [desk.table.third]
        assert [one.event_type.value for one in timeline(desk, "RUNS")] == ["SESSION_ENDED"]

    asyncio.run(test())


def test_what_was_said_is_forgotten_with_the_end_and_wiped(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    done = scrubbed(monkeypatch)
    others = recognising(desk, "SISTER")
    recognising(desk, "RUNS")

    async def test() -> None:
        one = found(desk, "RUNS")
        await ending.end(desk.parts, one, NOW, submitted=False)
        await ending.end(desk.parts, one, NOW + SECOND, submitted=False)

    asyncio.run(test())
    assert living_words(desk) == [others.scope]
    assert done == [desk.parts.database]


def test_a_terminated_session_says_why_first_and_is_final(desk: Desk) -> None:
    one = found(desk, "RUNS")

    def because(db: Session) -> Alert:
        made = milestone(subject_of(db, one), EventType.SUBMITTED, NOW - SECOND)
        alerts.store_milestone(db, desk.table.keyring, one.session, made, NOW)
        return made

    async def test() -> None:
        staff = desk.listens("RUNS")
        await ending.end(desk.parts, one, NOW, submitted=False, because=because)
        said = [json.loads(text).get("event_type") for text in messages(staff)]
        assert said == ["SUBMITTED", "SESSION_ENDED", None]

    asyncio.run(test())
    assert found(desk, "RUNS").session.terminated_utc == NOW
    assert [one.event_type.value for one in timeline(desk, "RUNS")] == ["SUBMITTED", "SESSION_ENDED"]


@pytest.mark.parametrize("away", ["node", "states"])
def test_who_cannot_be_told_does_not_keep_a_session_from_ending(desk: Desk, away: str) -> None:
    async def test() -> None:
        one = found(desk, "RUNS")
        if away == "node":
            desk.nodes.fails[desk.table.first] = AWAY
        desk.states.away = away == "states"
        await ending.end(desk.parts, one, NOW, submitted=False)
        assert found(desk, "RUNS").session.ended_utc == NOW
        told = await ending.tell_node(desk.parts, desk.table.first, one.session.id, submitted=True)
        assert told is (away == "states")
        order = EndSession(session_id=one.session.id, submitted=False, epoch=1, handed_over=True)
        assert await ending.send_end(desk.parts, desk.table.first, order) is (away == "states")
        assert desk.states.removed == ([] if away == "states" else [one.session.id] * 2)

    asyncio.run(test())


async def change(desk: Desk, name: str = "RUNS", **fields: Any) -> SessionPolicyOut:
    wanted = SessionPolicyRequest.model_validate({"reason": "The board decided.", "based_on": 1} | fields)
    return await change_policy(desk.parts, ADA, name, wanted, NOW)


async def refusal(**fields: Any) -> str | None:
    """The code with which a change is refused."""
    try:
        await change(**fields)
    except (Rejected, Unavailable) as refused:
        return refused.code
    return None


def test_a_policy_that_its_node_obeys_is_in_force_and_written_down(desk: Desk) -> None:
    async def test() -> None:
        told = await change(desk, policy={"sensitivity": "low"})
        assert (told.session_id, told.version, told.policy["sensitivity"]) == ("RUNS", 2, "low")
        [one] = told.changes
        assert (one.changed_by, one.reason, one.at) == ("ada", "The board decided.", NOW)
        assert {(node_id, order.policy.version) for node_id, order in desk.nodes.changed} == {
            (desk.table.first, 2)
        }
        session = found(desk, "RUNS").session
        assert (session.policy_version, session.policy["sensitivity"]) == (2, "low")
        assert found(desk, "SISTER").session.policy_version == 1

    asyncio.run(test())


def test_a_policy_that_its_node_does_not_obey_is_not_in_force(desk: Desk) -> None:
    async def test() -> None:
        desk.nodes.fails[desk.table.first] = AWAY
        assert await refusal(desk=desk, policy={"sensitivity": "low"}) == "node-away"
        assert found(desk, "RUNS").session.policy_version == 1
        desk.nodes.fails.clear()
        assert await refusal(desk=desk, policy={"sensitivity": "low"}, based_on=2) == "policy-changed"
        assert await refusal(desk=desk, name="ENDED", policy={}) == "session-ended"
        assert await refusal(desk=desk) == "exam-unknown"
        assert desk.nodes.changed == []

    asyncio.run(test())


def test_an_exams_version_keeps_its_number_unless_the_session_has_its_own_of_that(desk: Desk) -> None:
    with desk.parts.database.write() as db:
        request = ExamRequest.model_validate({"exam_id": "BIO-101", "title": "Biology"})
        exam = exams.create(db, HOME, request, NOW)
        for baseline_s in (31, 32, 33):
            policy = parse_policy({"baseline_s": baseline_s})
            policies.add(db, exam, policy, changed_by="ann", reason="", now_utc=NOW)

    async def test() -> None:
        assert (await change(desk)).version == 3  # the one in force
        second = await change(desk, exam_version=2, based_on=3)
        assert (second.version, second.policy["baseline_s"]) == (2, 32)
        own = await change(desk, policy={"sensitivity": "low"}, based_on=2)
        assert own.version == 4  # used neither by the exam nor by the session
        with desk.parts.database.write() as db:
            session = desk.table.session(db, "SISTER")
            session.policy = Policy(baseline_s=99).model_dump(mode="json")
        first = await change(desk, "SISTER", exam_version=1)
        assert (first.version, first.policy["baseline_s"]) == (4, 31)

    asyncio.run(test())


def test_words_are_forgotten_only_with_a_policy_that_no_longer_recognises_them(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    done = scrubbed(monkeypatch)
    others = recognising(desk, "SISTER")
    own = recognising(desk, "RUNS")

    async def test() -> None:
        await change(desk, policy={**PHRASES, "phrases": ["number eight"]})
        assert sorted(living_words(desk)) == sorted([own.scope, others.scope])
        assert done == []
        assert desk.nodes.changed[-1][1].transcript_key_id == own.id
        await change(desk, policy={}, based_on=2)
        assert living_words(desk) == [others.scope]
        assert done == [desk.parts.database]
        assert desk.nodes.changed[-1][1].transcript_key_id is None

    asyncio.run(test())


def test_a_revoked_keys_sessions_get_the_next_one_where_their_node_is_heard(desk: Desk) -> None:
    first, following, _ = desk.table.nodes

    async def test() -> None:
        desk.hears(first)
        own = desk.parts.keys.token_key_id
        await rekeying.revoke_key(desk.parts, ADA, own, NOW)
        told = set(desk.table.names(order.session_id for _, order in desk.nodes.changed))
        assert told == {"RUNS", "SISTER", "OTHER-EXAM", "LAST-SECOND", "NEIGHBOUR", "NEW"}
        [key] = {order.token_key for _, order in desk.nodes.changed}
        assert key_id_of(key) != own
        assert parse_signing_public(key) != desk.parts.keys.token.public_key()
        # It signs nothing that is still good, so nobody is told of it again.
        desk.nodes.changed.clear()
        desk.hears(following)
        await rekeying.revoke_key(desk.parts, ADA, own, NOW)
        assert desk.nodes.changed == []
        with pytest.raises(Rejected) as unknown:
            await rekeying.revoke_key(desk.parts, ADA, "00", NOW)
        assert unknown.value.code == "token-key-unknown"

    asyncio.run(test())

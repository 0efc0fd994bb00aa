"""Whether a session is moved, which node gets it, and what its timeline says."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from uuid import UUID

import pytest

from coordinator.nodes.assignments import Because
from coordinator.nodes.routing import Need, route
from coordinator.sessions.devices.openings import approved, asked
from coordinator.sessions.milestones import Subject
from coordinator.sessions.moving.deciding import ASKED_WITHIN, MOST_ASKED, Stay, decide, leaves
from coordinator.sessions.moving.failover import WHY, ended_failover, failover_alert, stays_alert
from coordinator.sessions.moving.late import WORDS, WORDS_OVER, ended_late
from shared.events.types import EventClass, EventType
from shared.messages.heartbeats import Heartbeat

NOW = datetime(2026, 11, 22, 12, tzinfo=UTC)


def ago(minutes: float) -> datetime:
    return NOW - timedelta(minutes=minutes)


@pytest.mark.parametrize(
    ("answers", "failed", "asked", "expected"),
    [
        (True, 0, [], Stay()),
        (True, 1, [], Stay()),
        (True, 2, [], Because.ASKED),
        (False, 0, [], Because.SILENT),
        (None, 9, [], Stay()),  # the coordinator itself is cut off: the page tries its own node
        (True, 2, [9, 5], Because.ASKED),
        (True, 2, [9, 5, 1], Stay(refused=True)),
        (True, 0, [9, 5, 1], Stay()),
        (False, 0, [9, 5, 1], Because.SILENT),  # a node that is gone does not count
        (True, 2, [11, 5, 1], Because.ASKED),
    ],
)
def test_a_session_stays_while_its_node_answers(
    answers: bool | None, failed: int, asked: list[float], expected: Because | Stay
) -> None:
    assert decide(answers, failed, [ago(minutes) for minutes in asked], NOW) == expected


@pytest.mark.parametrize(
    ("left", "expected"), [([], True), ([9, 5], True), ([9, 5, 1], False), ([11, 5, 1], True)]
)
def test_a_session_leaves_nodes_of_too_low_a_level_only_so_often(left: list[float], expected: bool) -> None:
    assert leaves([ago(minutes) for minutes in left], NOW) is expected


def node(number: int, **state: object) -> Heartbeat:
    about = {
        "node_id": UUID(int=number),
        "boot_id": UUID(int=9),
        "sent_utc": NOW,
        "region": "eu",
        "sealing_key": "x25519:",
        "signaling_url": "ws://edge",
        "health": 10,
        "level": 1,
        "rating": 10,
        "seats": 0,
        "device": "cpu",
        "models": {},
        "recognisers": ("arcface@1",),
        "outbox": (),
    }
    return Heartbeat.model_validate(about | state)


FACES = Need(recognisers=("arcface@1",), region="eu", lowest_level=2)


@pytest.mark.parametrize(
    ("others", "best"),
    [
        ([node(2, level=3), node(3, region="us")], 3),  # the exam's lowest level before the region
        ([node(2, recognisers=()), node(3, level=2)], 3),  # a recogniser before the level
        ([node(2, level=2), node(3, level=1)], 3),
        ([node(2, seats=5), node(3, seats=4)], 3),
        ([node(2, health=9), node(3)], 3),
        ([node(2, seats=8), node(3, region="us")], 3),  # a busy one leaves it to a calm one elsewhere
    ],
)
def test_the_best_node_for_a_session(others: list[Heartbeat], best: int) -> None:
    assert route(others, FACES).node_id.int == best
    assert route(others[::-1], FACES).node_id.int == best


SUBJECT = Subject(
    session_id=UUID(int=7),
    exam_session_id="SESS-1",
    candidate_id="CAND-1",
    exam_id="EXAM-1",
    started_utc=ago(10),
    node_id=UUID(int=2),
    region="eu",
    policy_version=1,
)


def test_a_move_is_technical_without_severity_and_says_the_gap() -> None:
    raised = failover_alert(SUBJECT, NOW - timedelta(seconds=4), NOW, Because.SILENT)
    assert (raised.event_type, raised.event_class) == (EventType.NODE_FAILOVER, EventClass.TECHNICAL)
    assert (raised.severity_score, raised.cleared, raised.duration) == (0.0, None, 4.0)
    cleared = ended_failover(raised, NOW + timedelta(seconds=3))
    assert (cleared.event_id, cleared.cleared) == (raised.event_id, NOW + timedelta(seconds=3))
    assert cleared.evidence == {"duration_seconds": 7.0, "because": "silent"}
    assert "a gap of 7.0 s between" in cleared.explanation


@pytest.mark.parametrize("because", [one for one in Because if one is not Because.STARTED])
def test_a_move_says_who_or_what_moved_the_session(because: Because) -> None:
    raised = failover_alert(SUBJECT, NOW, NOW, because)
    cleared = ended_failover(raised, NOW + timedelta(seconds=3))
    for one in (raised, cleared):
        assert one.evidence["because"] == because.value
        assert one.explanation.endswith(f" {WHY[because]}")


def test_the_alert_of_an_older_coordinator_is_ended_without_a_reason() -> None:
    raised = failover_alert(SUBJECT, NOW, NOW, Because.SILENT)
    older = raised.model_copy(update={"evidence": {"duration_seconds": 0.0}})
    assert ended_failover(older, NOW).evidence == {"duration_seconds": 0.0}


def test_a_late_alert_lasts_until_its_session_left_its_node_and_not_less_than_it_did() -> None:
    told = failover_alert(SUBJECT, ago(5), ago(5), Because.SILENT)
    assert ended_late(told, ago(3)).cleared == ago(3)
    assert ended_late(told, ago(9)).cleared == told.raised
    assert ended_late(told, ago(3)).explanation.endswith(WORDS)
    assert ended_late(told, ago(3), WORDS_OVER).explanation.endswith(WORDS_OVER)
    assert ended_late(told, ago(3)).severity_score == told.severity_score


@pytest.mark.parametrize("since_utc", [ago(60), NOW + timedelta(seconds=5)])
def test_a_move_begins_neither_before_the_session_nor_after_now(since_utc: datetime) -> None:
    raised = failover_alert(SUBJECT, since_utc, NOW, Because.ASKED)
    assert SUBJECT.started_utc <= raised.onset <= NOW


def test_a_second_device_is_named_by_its_number_and_who_approved_it() -> None:
    waiting, over = asked(SUBJECT, "482 913", NOW), approved(SUBJECT, "482 913", "alice", NOW)
    assert waiting.evidence == {"check_number": "482 913"}
    assert over.evidence == {"check_number": "482 913", "approved_by": "alice"}
    for said in (waiting, over):
        assert (said.event_type, said.severity_score) == (EventType.SECOND_DEVICE, 0.0)
        assert "482 913" in said.explanation
        assert "482 913" not in said.message
    assert over.explanation.startswith("alice approved")
    assert over.explanation.endswith("The earlier device can no longer be used.")
    assert over.message == "Your exam continues on another device."
    assert waiting.explanation.endswith("there are honest reasons, such as a broken device.")
    assert waiting.message == (
        "Somebody has asked to continue your exam on another device. If that was not you, tell your "
        "institution. Nothing changes here until your institution agrees."
    )


def test_staff_are_told_once_that_a_session_stays() -> None:
    within_s = ASKED_WITHIN.total_seconds()
    first, again = (stays_alert(SUBJECT, NOW, MOST_ASKED, within_s) for _ in range(2))
    assert first == again
    assert first.event_id != failover_alert(SUBJECT, NOW, NOW, Because.ASKED).event_id
    assert "3 times within 10 minutes" in first.explanation

"""Whose alert it is, around a hand-over from node A to node B: every case a row."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from uuid import UUID

import pytest

from coordinator.arriving.assigned import (
    FAST_CLOCK,
    WORST_CLOCK,
    Objection,
    happened_utc,
    objection,
)
from coordinator.nodes.assignments import Held, may_keep
from shared.alerts import Alert, AlertHeader, AlertMetadata
from shared.events.types import Action, EventClass, EventType, Lane

START = datetime(2026, 11, 22, 14, tzinfo=UTC)
A, B, STRANGER = UUID(int=0xA), UUID(int=0xB), UUID(int=0xC)
FAST_S, WORST_S = FAST_CLOCK.total_seconds(), WORST_CLOCK.total_seconds()
SLOW_S = WORST_S
MS = 0.001


def at(second: float) -> datetime:
    return START + timedelta(seconds=second)


ONE = Held(epoch=1, node_id=A, from_utc=at(0), to_utc=None)
MOVED = (
    Held(epoch=1, node_id=A, from_utc=at(0), to_utc=at(100)),
    Held(epoch=2, node_id=B, from_utc=at(100), to_utc=None),
)
BACK = (
    MOVED[0],
    Held(epoch=2, node_id=B, from_utc=at(100), to_utc=at(200)),
    Held(epoch=3, node_id=A, from_utc=at(200), to_utc=None),
)


def header(node_id: UUID, epoch: int, revision: int = 1) -> AlertHeader:
    return AlertHeader(
        alert_id=UUID(int=1),
        revision=revision,
        tenant_id=UUID(int=2),
        session_id=UUID(int=3),
        node_id=node_id,
        outbox_id=UUID(int=4),
        lane=Lane.CONDUCT,
        sequence=1,
        event_class=EventClass.CONDUCT,
        epoch=epoch,
        key_id=UUID(int=5),
        created_utc=START,
    )


def alert(onset_s: float, raised_s: float, cleared_s: float | None = None) -> Alert:
    return Alert(
        event_id=UUID(int=1),
        event_type=EventType.FACE_NOT_FOUND,
        event_class=EventClass.CONDUCT,
        severity_score=0.5,
        confidence=0.9,
        exam_session_id="SESS-1",
        candidate_id="CAND-1",
        exam_id="EXAM-1",
        onset=at(onset_s),
        raised=at(raised_s),
        cleared=None if cleared_s is None else at(cleared_s),
        duration=1.0,
        evidence={},
        explanation="No face for 5 s.",
        metadata=AlertMetadata(
            node=A,
            region="local",
            models={},
            device="cpu",
            policy_version=1,
            degradation_level=1,
            trace_id="0" * 32,
        ),
        action_required=Action.WARNING,
        message="Please come back into the picture.",
    )


def against(
    held: tuple[Held, ...],
    node_id: UUID,
    epoch: int,
    told: Alert,
    revision: int = 1,
    skew_s: float | None = None,
) -> Objection | None:
    about = header(node_id, epoch, revision)
    return objection(about, happened_utc(about, told), held, skew_s)


TAKEN = [
    ("the only assignment", (ONE,), A, 1, alert(50, 55), 1),
    ("the only one, hours later", (ONE,), A, 1, alert(50_000, 50_005), 1),
    ("the only one, by a clock that is wrong", (ONE,), A, 1, alert(-90_005, -90_000), 1),
    ("what the former node saw", MOVED, A, 1, alert(50, 55), 1),
    ("the same, cleared in its time", MOVED, A, 1, alert(50, 55, 60), 2),
    ("raised by the next, begun before it watched", MOVED, B, 2, alert(98, 103), 1),
    ("begun, raised before and cleared by the next", MOVED, B, 2, alert(50, 55, 120), 2),
    ("ended while no node watched, as the next one tells", MOVED, B, 2, alert(5, 10, 60), 2),
    ("an onset after the raising counts for nothing", MOVED, A, 1, alert(120, 99), 1),
    ("the first revision of what is over", MOVED, A, 1, alert(50, 55, 500), 1),
    ("at the very end", MOVED, A, 1, alert(95, 100), 1),
    ("after the end, within the allowance", MOVED, A, 1, alert(95, 100 + FAST_S), 1),
    ("at the very beginning", MOVED, B, 2, alert(95, 100), 1),
    ("cleared at the very end", MOVED, A, 1, alert(50, 55, 100), 2),
    ("cleared after the end, within the allowance", MOVED, A, 1, alert(50, 55, 100 + FAST_S), 2),
    ("cleared by the next at its very beginning", MOVED, B, 2, alert(50, 55, 100), 2),
    ("before the beginning, within the allowance", MOVED, B, 2, alert(50, 100 - SLOW_S), 1),
    ("the first node's second time", BACK, A, 3, alert(250, 255), 1),
    ("its first time, told in its second", BACK, A, 1, alert(50, 55), 1),
    ("the middle one", BACK, B, 2, alert(150, 155), 1),
]


@pytest.mark.parametrize(
    ("held", "node_id", "epoch", "told", "revision"),
    [row[1:] for row in TAKEN],
    ids=[row[0] for row in TAKEN],
)
def test_what_a_node_saw_in_its_own_time_is_its_to_tell(
    held: tuple[Held, ...], node_id: UUID, epoch: int, told: Alert, revision: int
) -> None:
    assert against(held, node_id, epoch, told, revision) is None


UNKNOWN, WRONG = Objection.UNKNOWN_EPOCH, Objection.WRONG_NODE
BEFORE, AFTER = Objection.BEFORE_ASSIGNMENT, Objection.AFTER_ASSIGNMENT
PERHAPS = Objection.PERHAPS_AFTER
"""A healthy node's clock may be 25 s fast: within that, an alert is not refused for good."""
REFUSED = [
    ("seen live after the move", MOVED, A, 1, alert(110, 115), 1, PERHAPS),
    ("begun before the move, raised after", MOVED, A, 1, alert(98, 103), 1, PERHAPS),
    ("raised in time, cleared after the move", MOVED, A, 1, alert(50, 55, 103), 2, PERHAPS),
    ("cleared a moment beyond it", MOVED, A, 1, alert(50, 55, 100 + FAST_S + MS), 2, PERHAPS),
    ("a moment beyond the allowance", MOVED, A, 1, alert(95, 100 + FAST_S + MS), 1, PERHAPS),
    ("as far as the worst clock", MOVED, A, 1, alert(95, 100 + FAST_S + WORST_S), 1, PERHAPS),
    ("beyond the worst clock", MOVED, A, 1, alert(95, 100 + FAST_S + WORST_S + MS), 1, AFTER),
    ("a moment before the allowance", MOVED, B, 2, alert(50, 100 - SLOW_S - MS), 1, BEFORE),
    ("raised hours after, with an end dated before", MOVED, A, 1, alert(95, 7_000, 90), 2, AFTER),
    ("its second time under its first epoch", BACK, A, 1, alert(250, 255), 1, AFTER),
    ("its first time under its second epoch", BACK, A, 3, alert(50, 55), 1, BEFORE),
    ("the next node under the former's epoch", MOVED, B, 1, alert(50, 55), 1, WRONG),
    ("the former node under the next's epoch", MOVED, A, 2, alert(110, 115), 1, WRONG),
    ("a node that never held it", MOVED, STRANGER, 2, alert(110, 115), 1, WRONG),
    ("an epoch that is not recorded yet", MOVED, STRANGER, 3, alert(210, 215), 1, UNKNOWN),
    ("one far ahead", (ONE,), A, 2**31 - 1, alert(50, 55), 1, UNKNOWN),
    ("one that is missing between others", (BACK[0], BACK[2]), B, 2, alert(150, 155), 1, UNKNOWN),
    ("no assignment at all", (), A, 1, alert(50, 55), 1, UNKNOWN),
]


@pytest.mark.parametrize(
    ("held", "node_id", "epoch", "told", "revision", "expected"),
    [row[1:] for row in REFUSED],
    ids=[row[0] for row in REFUSED],
)
def test_everything_else_is_not(
    held: tuple[Held, ...], node_id: UUID, epoch: int, told: Alert, revision: int, expected: Objection
) -> None:
    assert against(held, node_id, epoch, told, revision) is expected


def test_only_what_is_certain_lets_an_outbox_forget() -> None:
    assert {one.reason: one.final for one in Objection} == {
        "unknown-epoch": False,
        "wrong-node": True,
        "before-assignment": True,
        "after-assignment": True,
        "perhaps-after-assignment": False,
    }


NOW_B = MOVED[1]
KEEPS = [
    ("the one that holds it", NOW_B, B, 2, 500, True),
    ("the one that holds it, under an older epoch", NOW_B, B, 1, 500, True),
    ("the former one, once the hand-over is settled", NOW_B, A, 1, 101, False),
    ("the former one, whose heartbeat may be older", NOW_B, A, 1, 100, True),
    ("one that never held it", NOW_B, STRANGER, 1, 101, False),
    ("one under an epoch that is not recorded here", NOW_B, STRANGER, 3, 500, True),
    ("any, once the session is over", None, B, 2, 0, False),
]


@pytest.mark.parametrize(
    ("current", "node_id", "epoch", "settled_s", "kept"),
    [row[1:] for row in KEEPS],
    ids=[row[0] for row in KEEPS],
)
def test_who_may_go_on_with_a_session_it_names(
    current: Held | None, node_id: UUID, epoch: int, settled_s: float, kept: bool
) -> None:
    assert may_keep(current, node_id, epoch, at(settled_s)) is kept


@pytest.mark.parametrize(
    ("skew_s", "node_id", "epoch", "raised_s", "expected"),
    [
        (20.0, A, 1, 100 + FAST_S + 20.0, None),
        (20.0, A, 1, 100 + FAST_S + 20.0 + MS, PERHAPS),
        (-20.0, A, 1, 100 + FAST_S, None),  # a slow clock takes nothing away
        (-20.0, A, 1, 100 + FAST_S + MS, PERHAPS),
        (90.0, A, 1, 100 + FAST_S + 90.0, None),  # it goes on with the sessions that it has
        (90.0, A, 1, 100 + FAST_S + 90.0 + MS, AFTER),
        (-90.0, B, 2, 100 - 90.0, None),
        (-90.0, B, 2, 100 - 90.0 - MS, BEFORE),
        (90.0, B, 2, 100 - SLOW_S, None),
        (90.0, B, 2, 100 - SLOW_S - MS, BEFORE),
    ],
)
def test_a_clock_that_is_measurably_wrong_costs_no_alert(
    skew_s: float, node_id: UUID, epoch: int, raised_s: float, expected: Objection | None
) -> None:
    told = alert(raised_s - 5, raised_s)
    assert against(MOVED, node_id, epoch, told, skew_s=skew_s) is expected

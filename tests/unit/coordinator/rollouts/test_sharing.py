"""Which version looks at a session: the one of its exam where the node has it, and another beside it on idle
capacity alone."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from uuid import UUID

import pytest

from coordinator.rollouts.sharing import (
    NetworksInUse,
    Offered,
    comparable_sessions,
    in_service,
    lacking,
    looking,
)
from shared.messages.heartbeats import Heartbeat, Measures, SessionState
from shared.messages.versions import MOST_COMPARING

TASK, OLD, NEW = "face-detection", "yunet@1", "scrfd@2"
OFFERED = Offered(TASK, NEW)
BOTH = {OLD: TASK, NEW: TASK}


def node(
    sessions: int = 0,
    rating: int = 10,
    at_hand: Mapping[str, str] = BOTH,
    own: str = OLD,
    region: str = "hall",
) -> Heartbeat:
    return Heartbeat(
        node_id=UUID(int=9),
        boot_id=UUID(int=1),
        sent_utc=datetime(2026, 11, 30, tzinfo=UTC),
        region=region,
        sealing_key="x25519:key",
        signaling_url="http://node",
        health=10,
        level=1,
        rating=rating,
        device="cpu",
        models={"faces": own},
        recognisers=(),
        outbox=(),
        sessions=tuple(
            SessionState(
                session_id=UUID(int=number),
                epoch=1,
                phase="watching",
                frames_processed=0,
                alerts_triggered=0,
                last_verified_utc=None,
            )
            for number in range(sessions)
        ),
        at_hand=dict(at_hand),
    )


@pytest.mark.parametrize(
    ("sessions", "rating", "compared"),
    [
        (0, 10, 0),
        (3, 10, 3),  # six looks in place of three: still below 0.7
        (4, 10, 3),
        (6, 10, 1),
        (7, 10, 0),  # as busy as 0.7 of its rating
        (10, 10, 0),
        (1, 1, 0),
        (200, 500, MOST_COMPARING),
    ],
)
def test_only_idle_capacity_is_used_to_compare(sessions: int, rating: int, compared: int) -> None:
    found = comparable_sessions(node(sessions, rating))
    assert found == {UUID(int=number) for number in range(compared)}


@pytest.mark.parametrize(("cpu", "compared"), [(None, 2), (0.7, 2), (0.71, 0)])
def test_a_busy_processor_compares_nothing(cpu: float | None, compared: int) -> None:
    busy = node(2).model_copy(update={"measures": Measures(cpu=cpu)})
    assert len(comparable_sessions(busy)) == compared


def look(given: Mapping[str, str], beat: Heartbeat | None, compared: Offered | None = None) -> NetworksInUse:
    return looking(given, compared, beat, UUID(int=0))


@pytest.mark.parametrize(
    ("given", "beat", "networks"),
    [
        ({}, node(), {}),
        ({TASK: NEW}, node(), {TASK: NEW}),
        ({TASK: NEW}, node(own=NEW), {}),  # its own already
        ({TASK: OLD}, node(own=NEW), {TASK: OLD}),  # an exam that began before
        ({TASK: NEW}, node(at_hand={OLD: TASK}), {}),
        ({TASK: NEW}, node(at_hand={}), {}),  # an older program
        ({"gaze": NEW}, node(), {}),
        ({TASK: NEW}, None, {}),
    ],
)
def test_an_exam_has_its_version_where_the_node_has_it(
    given: Mapping[str, str], beat: Heartbeat | None, networks: Mapping[str, str]
) -> None:
    assert look(given, beat) == NetworksInUse(networks, {})


@pytest.mark.parametrize(
    ("offered", "beat", "compares"),
    [
        (OFFERED, node(1), True),
        (Offered(TASK, NEW, "hall"), node(1), True),
        (Offered(TASK, NEW, "elsewhere"), node(1), False),
        (OFFERED, node(1, at_hand={OLD: TASK}), False),
        (OFFERED, node(1, own=NEW), False),
        (OFFERED, node(1, rating=1), False),
        (None, node(1), False),
    ],
)
def test_a_version_is_compared_where_it_is_at_hand_and_does_not_serve(
    offered: Offered | None, beat: Heartbeat, compares: bool
) -> None:
    assert look({}, beat, offered).shadow == ({TASK: NEW} if compares else {})


def test_an_exam_with_a_version_of_its_own_compares_none_for_that_task() -> None:
    beat = node(1, at_hand={**BOTH, "retinaface@3": TASK})
    assert look({TASK: "retinaface@3"}, beat, OFFERED) == NetworksInUse({TASK: "retinaface@3"}, {})
    assert look({TASK: OLD}, beat, OFFERED).shadow == {TASK: NEW}
    former = Offered(TASK, NEW, former="retinaface@3")
    assert look({TASK: "retinaface@3"}, beat, former) == NetworksInUse({TASK: "retinaface@3"}, {TASK: NEW})


def test_the_former_version_is_the_one_that_serves_on_most_nodes() -> None:
    other = node(own="retinaface@3", at_hand={**BOTH, "retinaface@3": TASK})
    assert in_service(TASK, [other, node(), node()]) == OLD
    assert in_service("gaze", [node()]) == ""
    assert in_service(TASK, []) == ""


def test_a_node_without_the_files_is_named() -> None:
    without, elsewhere = node(at_hand={OLD: TASK}), node(at_hand={}, region="elsewhere")
    assert lacking(OFFERED, [node(), without, elsewhere]) == [without, elsewhere]
    assert lacking(Offered(TASK, NEW, "hall"), [node(), without, elsewhere]) == [without]

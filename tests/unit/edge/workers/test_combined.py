"""All workers' reports as one."""

from __future__ import annotations

from dataclasses import replace
from uuid import UUID

from edge.sessions.port import WorkerReport
from edge.workers.combined import added, nothing, one_report
from shared.messages.heartbeats import SessionState


def state(number: int, phase: str = "watching") -> SessionState:
    return SessionState(
        session_id=UUID(int=number),
        epoch=1,
        phase=phase,
        frames_processed=number,
        alerts_triggered=1,
        last_verified_utc=None,
    )


def report(*sessions: SessionState, lost: int = 0, works: bool = True) -> WorkerReport:
    return WorkerReport(
        level=1,
        device="cpu",
        models={"faces": "yunet@1"},
        recognisers=("r@1",),
        analysis_works=works,
        calls_waiting={"faces": 1},
        dropped={"paused": lost},
        connection_errors={"ice": lost},
        sessions=sessions,
    )


def test_counts_are_summed_and_sessions_listed() -> None:
    both = one_report(
        [report(state(1), lost=1), report(state(2), lost=2)],
        level=2,
        works=True,
        former=nothing(1),
        between=[],
    )
    assert (both.level, both.device, both.models) == (2, "cpu", {"faces": "yunet@1"})
    assert both.calls_waiting == {"faces": 2}
    assert (both.dropped, both.connection_errors) == ({"paused": 3}, {"ice": 3})
    assert both.sessions == (state(1), state(2))
    assert both.analysis_works


def test_a_worker_that_has_ended_keeps_its_counts_and_its_sessions_are_silent() -> None:
    former = added(added(nothing(1), report(lost=4)), report(lost=1))
    left = one_report([report(state(1), lost=1)], level=1, works=True, former=former, between=[state(7)])
    assert left.dropped == {"paused": 6}
    assert left.sessions == (state(1), state(7, "silent"))


def test_without_a_worker_the_networks_are_known_and_nothing_works() -> None:
    none = one_report([], level=1, works=False, former=added(nothing(1), report(lost=2)), between=[state(1)])
    assert (none.analysis_works, none.device, none.recognisers) == (False, "cpu", ("r@1",))
    assert none.dropped == {"paused": 2}


def test_one_worker_whose_networks_fail_is_enough_for_trouble() -> None:
    works = [report(), replace(report(), analysis_works=False)]
    assert not one_report(works, level=1, works=True, former=nothing(1), between=[]).analysis_works

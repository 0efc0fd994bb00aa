from dataclasses import replace

import pytest

from edge.fleet.health import Vitals, health_of

WELL = Vitals(
    hub_connected=True,
    outbox_writes=True,
    outbox_fill=0.0,
    outboxes_set_aside=0,
    loop_lag_s=0.001,
    loop_worst_s=0.02,
    clock_skew_s=0.5,
    analysis_works=True,
    overloaded=False,
)


def test_a_node_that_lacks_nothing_is_well() -> None:
    assert health_of(WELL).score == 10
    assert health_of(WELL).reasons == ()
    assert health_of(replace(WELL, loop_lag_s=0.03, loop_worst_s=0.5)).reasons == ()


@pytest.mark.parametrize(
    ("vitals", "reason", "failing"),
    [
        (replace(WELL, hub_connected=False), "hub-away", False),
        (replace(WELL, outbox_writes=False), "outbox-failing", True),
        (replace(WELL, outbox_fill=0.8), "outbox-nearly-full", False),
        (replace(WELL, outboxes_set_aside=1), "outbox-was-damaged", False),
        (replace(WELL, loop_lag_s=0.031), "loop-slow", False),
        (replace(WELL, loop_lag_s=0.5), "loop-slow", False),
        (replace(WELL, loop_lag_s=0.51), "loop-stuck", True),
        (replace(WELL, loop_worst_s=0.51), "loop-blocked", False),
        (replace(WELL, clock_skew_s=25.1), "clock-skew", False),
        (replace(WELL, clock_skew_s=-25.1), "clock-skew", False),
        (replace(WELL, overloaded=True), "overloaded", False),
        (replace(WELL, workers_missing=True), "worker-missing", False),
        (replace(WELL, analysis_works=False), "analysis-failing", True),
        (replace(WELL, other_host="refused"), "identity-elsewhere", False),
        (replace(WELL, other_host="seen"), "identity-copied", False),
    ],
)
def test_each_want_is_named_and_only_some_are_failures(vitals: Vitals, reason: str, failing: bool) -> None:
    found = health_of(vitals)
    assert found.reasons == (reason,)
    assert found.failing is failing
    assert found.score < 10


def test_everything_wrong_at_once_is_still_a_score() -> None:
    worst = Vitals(
        hub_connected=False,
        outbox_writes=False,
        outbox_fill=1.0,
        outboxes_set_aside=2,
        loop_lag_s=9.0,
        loop_worst_s=9.0,
        clock_skew_s=99.0,
        analysis_works=False,
        overloaded=True,
    )
    assert health_of(worst).score == 0


def test_the_figures_behind_the_reasons_are_told() -> None:
    told = health_of(replace(WELL, loop_worst_s=4.25)).measures
    assert told == {"loop_lag_p99_s": 0.001, "loop_lag_max_s": 4.25, "clock_skew_s": 0.5}

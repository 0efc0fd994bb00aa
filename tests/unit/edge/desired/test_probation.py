"""An order proves itself by the node's health for a minute, and has three for it."""

from __future__ import annotations

from collections.abc import Iterable

import pytest

from edge.desired.probation import BOUND_S, ITS_OWN, PROVED_AFTER_S, Probation, Verdict, observe
from edge.fleet.health import Vitals, health_of

SICK = ("loop-slow",)


def judged(
    looks: Iterable[tuple[float, tuple[str, ...]]], before: tuple[str, ...] = ()
) -> tuple[Verdict, float, Probation]:
    """The first verdict, when it fell, and the trial then."""
    trial, verdict, at = Probation(0.0), Verdict.OPEN, 0.0
    for at, reasons in looks:
        trial, verdict = observe(trial, reasons, before, at)
        if verdict is not Verdict.OPEN:
            break
    return verdict, at, trial


Looks = list[tuple[float, tuple[str, ...]]]


def every_second(until_s: int, *sick: range, reasons: tuple[str, ...] = SICK) -> Looks:
    return [(float(at), reasons if any(at in one for one in sick) else ()) for at in range(1, until_s)]


def test_a_minute_without_trouble_proves_it() -> None:
    verdict, at, _ = judged(every_second(200))
    assert (verdict, at) == (Verdict.PROVED, 1 + PROVED_AFTER_S)
    assert (PROVED_AFTER_S, BOUND_S) == (60.0, 180.0)


def test_trouble_at_first_is_forgiven_when_a_whole_minute_without_follows() -> None:
    verdict, at, _ = judged(every_second(200, range(0, 100)))
    assert (verdict, at) == (Verdict.PROVED, 100 + PROVED_AFTER_S)


def test_trouble_that_lasts_fails_it_at_the_bound_with_what_was_wrong() -> None:
    verdict, at, trial = judged(every_second(400, range(0, 400)))
    assert (verdict, at, trial.wrong) == (Verdict.FAILED, BOUND_S, SICK)


def test_trouble_that_comes_again_and_again_fails_it() -> None:
    gone_for_50_s = [range(start, start + 5) for start in range(0, 400, 55)]
    verdict, at, trial = judged(every_second(400, *gone_for_50_s))
    assert (verdict, at, trial.wrong) == (Verdict.FAILED, BOUND_S, SICK)


def test_a_gap_between_two_looks_proves_nothing_by_itself() -> None:
    assert judged([(1.0, SICK), (100.0, ())])[0] is Verdict.OPEN
    assert judged([(1.0, ()), (100.0, SICK)])[0] is Verdict.OPEN


def test_what_was_wrong_before_and_what_others_do_does_not_count() -> None:
    outside = ("hub-away", "clock-skew", "identity-copied", "outbox-nearly-full")
    looks = every_second(200, range(0, 200), reasons=(*outside, *SICK))
    assert judged(looks, before=SICK)[0] is Verdict.PROVED
    assert judged(looks)[0] is Verdict.FAILED


@pytest.mark.parametrize("reason", sorted(ITS_OWN - {"other-network"}))
def test_the_words_are_those_of_the_nodes_health(reason: str) -> None:
    worst = Vitals(
        hub_connected=False,
        outbox_writes=False,
        outbox_fill=1,
        outboxes_set_aside=1,
        loop_lag_s=0.04,
        loop_worst_s=1,
        clock_skew_s=99,
        analysis_works=False,
        overloaded=True,
        workers_missing=True,
        other_host="seen",
    )
    stuck = Vitals(**{name: getattr(worst, name) for name in worst.__slots__} | {"loop_lag_s": 1.0})
    assert reason in health_of(worst).reasons + health_of(stuck).reasons

"""Whether pages obey is told by what arrives before and after they are asked."""

from __future__ import annotations

from uuid import UUID

import pytest

from edge.fleet.frame_requests import EFFECT_S, FEWER_HZ, WINDOW_S, FrameRequests, Obedience, RequestOutcome
from edge.sessions.port import AssignmentId

ONE, TWO = (AssignmentId(UUID(int=number), 1) for number in (1, 2))
ASKED_S = 10


def answers(
    before_hz: int, after_hz: int, *, seconds: int = 30, requests: FrameRequests | None = None
) -> list[Obedience]:
    """What is said of one page over some seconds that is asked after `ASKED_S`."""
    requests = requests or FrameRequests()
    said, frames = [], 0
    for now_s in range(seconds):
        said += requests.observe({ONE: frames}, float(now_s))
        if now_s == ASKED_S:
            requests.ask(float(now_s))
        frames += before_hz if now_s < ASKED_S else after_hz
    return said


@pytest.mark.parametrize(
    ("before_hz", "after_hz", "outcome"),
    [
        (15, 8, RequestOutcome.OBEYED),
        (15, 10, RequestOutcome.OBEYED),
        (15, 11, RequestOutcome.IGNORED),
        (15, 15, RequestOutcome.IGNORED),
        (15, 0, RequestOutcome.OBEYED),
        (10, 8, RequestOutcome.NEEDLESS),
        (5, 15, RequestOutcome.NEEDLESS),
    ],
)
def test_the_rates_before_and_after_decide(before_hz: int, after_hz: int, outcome: RequestOutcome) -> None:
    requests = FrameRequests()
    assert answers(before_hz, after_hz, requests=requests) == [Obedience(ONE, outcome, before_hz, after_hz)]
    assert requests.counts == {outcome: 1}


def test_nothing_is_said_before_the_request_had_its_effect() -> None:
    assert answers(15, 8, seconds=int(ASKED_S + EFFECT_S + WINDOW_S)) == []


def test_a_request_that_was_taken_back_is_not_measured_but_the_next_one_is() -> None:
    requests = FrameRequests()
    assert answers(15, 8, seconds=ASKED_S + 3, requests=requests) == []
    requests.undo()
    assert [each.outcome for each in answers(15, 15, requests=requests)] == [RequestOutcome.IGNORED]


def test_a_page_without_frames_before_is_not_judged() -> None:
    assert answers(0, 8) == []


def test_a_session_that_is_over_is_forgotten_and_one_in_another_process_counts_anew() -> None:
    requests = FrameRequests()
    for now_s in range(6):
        requests.observe({ONE: now_s * 15, TWO: 900 + now_s * 15}, float(now_s))
    requests.ask(6.0)
    said = []
    for now_s in range(7, 20):
        said += requests.observe({TWO: (now_s - 7) * FEWER_HZ}, float(now_s))
    assert said == [Obedience(TWO, RequestOutcome.OBEYED, 15.0, FEWER_HZ)]

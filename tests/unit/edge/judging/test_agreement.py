"""Two versions of a network are compared by the findings that follow from the same frames, in both
directions."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from edge.judging.agreement import Agreement
from edge.judging.policy_settings import monitor_settings
from edge.rules.monitor import Monitor
from shared.events.types import EventType
from shared.messages.versions import Tally
from shared.observations import FaceSeen, Observation
from shared.policy.schema import Policy
from tests.support.observations import ONE, TWO, alive, frame, times

GONE = EventType.FACE_NOT_FOUND
HOLD_S = Policy().rule(GONE).hold_s
Span = tuple[float, float]


def seen(until_s: float, gone: Iterable[Span], faces: Sequence[FaceSeen] = ONE) -> list[Observation]:
    """A face at every look, but in these spans."""
    spans = list(gone)
    return [
        frame(at, faces=() if any(start <= at < end for start, end in spans) else faces)
        for at in times(0, until_s, 2.0)
    ]


def compared(old: Sequence[Observation], new: Sequence[Observation]) -> dict[EventType, Tally]:
    agreement = Agreement(monitor_settings(Policy()))
    for one, other in zip(old, new, strict=True):
        agreement.observe(one, other)
    return dict(agreement.tallies)


def gone(old: Iterable[Span], new: Iterable[Span], until_s: float = 200) -> Tally:
    return compared(seen(until_s, old), seen(until_s, new)).get(GONE, Tally())


TWICE = [(20.0, 60.0), (100.0, 140.0)]


def test_the_same_frames_seen_alike_agree_in_all() -> None:
    assert gone(TWICE, TWICE) == Tally(both=2)
    assert gone([], []) == Tally()


def test_what_only_one_finds_is_counted_for_that_one() -> None:
    assert gone(TWICE, TWICE[:1]) == Tally(both=1, only_old=1)
    assert gone(TWICE[1:], TWICE) == Tally(both=1, only_new=1)
    assert gone([], TWICE) == Tally(only_new=2)
    assert gone(TWICE, []) == Tally(only_old=2)


def test_a_version_that_sees_it_a_little_later_or_shorter_finds_the_same() -> None:
    assert gone([(20, 60)], [(24, 60)]) == Tally(both=1)
    assert gone([(24, 60)], [(20, 50)]) == Tally(both=1)
    assert gone([(20, 60)], [(20, 30)]) == Tally(both=1)


def test_what_does_not_overlap_is_two_findings() -> None:
    assert gone([(20, 40)], [(60, 80)]) == Tally(only_old=1, only_new=1)
    assert gone([(60, 80)], [(20, 40)]) == Tally(only_old=1, only_new=1)


def test_one_long_finding_stands_for_one_of_many_short_ones() -> None:
    flickers = [(20.0, 40.0), (60.0, 80.0), (100.0, 120.0)]
    assert gone([(20, 120)], flickers) == Tally(both=1, only_new=2)
    assert gone(flickers, [(20, 120)]) == Tally(both=1, only_old=2)


def test_what_lasts_when_the_session_ends_counts() -> None:
    assert gone([(150, 300)], [(150, 300)]) == Tally(both=1)
    assert gone([(150, 300)], []) == Tally(only_old=1)
    assert gone([(150, 300)], [(152, 300)]) == Tally(both=1)


def test_a_frame_that_one_version_could_not_look_at_is_no_finding_of_it() -> None:
    old, new = seen(200, TWICE), seen(200, TWICE)
    failing = [frame(one.at, faces=None, failed=("faces",)) if 100 <= one.at < 140 else one for one in new]
    tallies = compared(old, failing)
    assert tallies[GONE] == Tally(both=1, only_old=1)
    assert tallies[EventType.ANALYSIS_DEGRADED].only_new == 1


def test_each_event_is_counted_by_itself() -> None:
    company = [alive(one) for one in seen(200, TWICE, TWO)]
    tallies = compared(company, seen(200, TWICE))
    assert tallies[GONE] == Tally(both=2)
    assert tallies[EventType.MULTIPLE_FACES].only_new == 0
    assert tallies[EventType.MULTIPLE_FACES].only_old >= 1


def test_what_the_stream_shows_to_any_version_is_no_agreement() -> None:
    slow = [frame(at) for at in times(0, 60, 0.5)]
    monitor = Monitor(monitor_settings(Policy()))
    found = {finding.event for one in slow for finding in monitor.observe(one)}
    assert EventType.LOW_FRAME_RATE in found
    assert compared(slow, slow) == {}

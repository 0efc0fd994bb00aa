"""What must hold for every sequence of values."""

from __future__ import annotations

import itertools

from hypothesis import given, strategies as st

from edge.rules.findings import Phase
from edge.rules.hold import FRAME_S, Hold, HoldState
from shared.saving import restore, save

RAISED, CLEARED = Phase.RAISED, Phase.CLEARED
values = st.lists(st.tuples(st.floats(0.01, 3.0), st.sampled_from([True, False, None])), max_size=80)


@given(values)
def test_raised_and_cleared_alternate_and_no_clear_comes_without_a_raise(
    steps: list[tuple[float, bool | None]],
) -> None:
    hold = Hold(1.0, 0.5, 2.0)
    said = [phase for at, value in at_times(steps) if (phase := hold.see(at, value)) is not None]
    assert said == [RAISED, CLEARED] * (len(said) // 2) + [RAISED] * (len(said) % 2)


@given(values, st.integers(0, 80))
def test_a_snapshot_anywhere_changes_nothing(steps: list[tuple[float, bool | None]], cut: int) -> None:
    timed = at_times(steps)
    state = HoldState()
    first = Hold(1.0, 0.5, 2.0, state)
    said = [first.see(at, value) for at, value in timed[:cut]]
    second = Hold(1.0, 0.5, 2.0, restore(HoldState, save(state)))
    said += [second.see(at, value) for at, value in timed[cut:]]
    whole = Hold(1.0, 0.5, 2.0)
    assert said == [whole.see(at, value) for at, value in timed]


@given(values)
def test_a_raise_needs_as_much_known_yes_as_the_hold_less_a_frame(
    steps: list[tuple[float, bool | None]],
) -> None:
    hold, since = Hold(1.0, 0.5, 2.0), None
    for at, value in at_times(steps):
        if value is True and since is None:
            since = at
        elif value is False:
            since = None
        if hold.see(at, value) is RAISED:
            assert since is not None
            assert at - since >= 1.0 - FRAME_S - 1e-9


def at_times(steps: list[tuple[float, bool | None]]) -> list[tuple[float, bool | None]]:
    """Steps since the one before as times since the start."""
    instants = itertools.accumulate(step for step, _ in steps)
    return [(at, value) for at, (_, value) in zip(instants, steps, strict=True)]

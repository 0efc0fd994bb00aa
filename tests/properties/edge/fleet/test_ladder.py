"""The ladder changes one level at a time, whatever the load."""

from __future__ import annotations

from hypothesis import given, strategies as st

from edge.fleet.ladder import SETTLING_S, STRAINED_S, Load, Rung, Strain, step
from shared.events.looks import LOWEST_LEVEL

BEST = 1
loads = st.lists(
    st.dictionaries(st.sampled_from(Strain), st.floats(0, 2, allow_nan=False), max_size=4), max_size=200
)


@given(loads)
def test_changes_are_of_one_level_and_apart_whatever_the_load(loads: list[Load]) -> None:
    rung, changed = Rung(BEST), [float("-inf")]
    for now_s, load in enumerate(loads):
        after = step(rung, load, float(now_s), best=BEST)
        if after.level != rung.level:
            assert abs(after.level - rung.level) == 1
            assert now_s - changed[-1] >= min(SETTLING_S, STRAINED_S)
            changed.append(now_s)
        assert BEST <= after.level <= LOWEST_LEVEL
        rung = after

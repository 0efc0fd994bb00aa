"""The faults of a chaos are drawn from its seed alone."""

from __future__ import annotations

from itertools import pairwise

from tests.support.faults import REST_S, Kind, drawn

PLACES = {"hub": (Kind.KILL, Kind.FREEZE), "node0": (Kind.KILL, Kind.FREEZE), "node0-hub": (Kind.CUT,)}


def test_a_seed_draws_the_same_faults_again_and_another_one_others() -> None:
    faults = drawn(7, 60, PLACES)
    assert faults == drawn(7, 60, dict(reversed(PLACES.items())))
    assert faults != drawn(8, 60, PLACES)
    assert len(faults) == 60
    assert {fault.kind for fault in faults} == set(Kind)


def test_a_place_suffers_one_fault_at_a_time_and_only_its_own_kinds() -> None:
    for place, kinds in PLACES.items():
        own = [fault for fault in drawn(7, 60, PLACES) if fault.place == place]
        assert {fault.kind for fault in own} <= set(kinds)
        for first, second in pairwise(own):
            assert second.begins_s >= first.ends_s + REST_S - 0.001

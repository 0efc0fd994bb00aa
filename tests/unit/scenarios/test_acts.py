"""The staged behaviours are long enough to be found, and their twins short enough to be left in peace."""

from __future__ import annotations

import numpy as np
import pytest

from edge.accuracy.exams import hold_s
from edge.accuracy.matching import LATEST_S
from models.results import Mesh
from shared.events.types import EventType
from shared.policy.schema import Policy
from tests.scenarios.acts import ACTS, Act, share
from tests.scenarios.exams import PAUSE_S, SHOTS, scripted, truth_of
from tests.scenarios.performers import HEIGHT_PX, WIDTH_PX, Image, Performer
from tests.scenarios.staging import Cast

POLICY = Policy()
BLACK = np.zeros((HEIGHT_PX, WIDTH_PX, 3), np.uint8)
ALIKE = {"rain", "music", "voice"}
"""Sounds of twins that are not the same thing done briefly, but something else."""


def nobody(name: str) -> Performer:
    return Performer(name, lambda at_s: BLACK, BLACK, unique_s=3.0)


def unfitted(picture: Image) -> Mesh:
    raise AssertionError("planning looks at no picture")


CAST = Cast(nobody("anna"), nobody("bob"), unfitted)


@pytest.mark.parametrize("act", ACTS, ids=lambda act: act.behaviour)
def test_an_act_lasts_until_its_events_must_have_been_raised(act: Act) -> None:
    longest_s = max(hold_s(POLICY, event) for event in act.wanted)
    later_s = max(act.later_s.values(), default=0.0)
    assert act.lasts_s > act.settles_s + later_s + longest_s + LATEST_S


@pytest.mark.parametrize(
    "act", [act for act in ACTS if act.twin_s and act.twin_sound not in ALIKE], ids=lambda act: act.behaviour
)
def test_a_twin_is_over_before_any_hold(act: Act) -> None:
    for event in act.wanted:
        if event is not EventType.PROLONGED_LOOK_AWAY:
            assert act.twin_s - 2 * act.settles_s < hold_s(POLICY, event)


def test_every_act_has_a_twin_or_is_told_apart_by_another_act() -> None:
    without = {event for act in ACTS if not act.twin_s for event in act.wanted}
    # Their twins are the whole honest time: the candidate's own face, no telephone.
    assert without == {EventType.FACE_MISMATCH, EventType.PHONE_VISIBLE, EventType.PRESENTATION_ATTACK}


def test_a_twin_may_raise_something_of_its_act_but_not_all() -> None:
    for act in ACTS:
        assert set(act.twin_allowed) < set(act.wanted)


def test_a_plan_stages_every_act_after_its_twin_with_honest_time_between() -> None:
    acts = [act for act in ACTS if not act.needs_hand]
    plan = scripted(CAST, acts, SHOTS[0], seed=1)
    truth = truth_of(plan)
    assert len([stretch for stretch in truth.stretches if stretch.wanted]) == len(acts)
    gaps = [b.begins_s - a.ends_s for a, b in zip(truth.stretches, truth.stretches[1:], strict=False)]
    assert min(gaps) == pytest.approx(PAUSE_S)
    assert truth.unique_s == 3.0
    assert truth.people == ("anna",)
    assert set(truth.policy["rules"]) == {"PHONE_VISIBLE", "PRESENTATION_ATTACK"}


@pytest.mark.parametrize(
    ("at_s", "come"),
    [(9.9, 0.0), (10.0, 0.0), (10.5, 0.5), (11.0, 1.0), (15.0, 1.0), (19.5, 0.5), (20.0, 0.0)],
)
def test_an_act_comes_and_goes_gently(at_s: float, come: float) -> None:
    assert share(at_s, 10.0, 20.0, 1.0) == pytest.approx(come)

"""Whether a coordinator that is cut off from the hub leads."""

from __future__ import annotations

from collections.abc import Sequence

import pytest

from coordinator.ground.standing_back import (
    AGAIN_AFTER_S,
    CUT_OFF_S,
    OTHERS_FIRST_S,
    HubAbsence,
    back,
    looked,
    may_lead,
)

LOOK_S = 2.0
EVER = 1_000.0


def leads_at(cut: Sequence[tuple[float, float]], taken: Sequence[tuple[float, float]] = ()) -> list[float]:
    """The instants of looks at which a coordinator led that is cut off from the hub in these spans. In the
    spans of `taken` another one leads as soon as this one does not."""
    standing, leads, other, led = HubAbsence(), False, False, []
    for number in range(200):
        now = number * LOOK_S
        standing = looked(standing, now, has_hub=not any(begin <= now < end for begin, end in cut))
        other = any(begin <= now < end for begin, end in taken) and not leads
        if may_lead(standing, now, leads=leads):
            leads = leads or not other
        elif leads:
            standing, leads = back(standing, now), False
        if leads:
            led.append(now)
    return led


ALWAYS = [number * LOOK_S for number in range(200)]


def test_one_that_has_the_hub_leads() -> None:
    assert leads_at([]) == ALWAYS


@pytest.mark.parametrize("away_s", [2.0, CUT_OFF_S])
def test_a_hub_that_is_soon_back_costs_no_lead(away_s: float) -> None:
    assert leads_at([(20, 20 + away_s), (60, 60 + away_s)]) == ALWAYS


def test_a_cut_off_leader_gives_up_after_a_bound_and_another_one_leads() -> None:
    led = leads_at([(20, EVER)], taken=[(20, EVER)])
    assert led == [now for now in ALWAYS if now < 20 + CUT_OFF_S]


def test_it_takes_the_lead_again_when_its_link_is_back() -> None:
    led = leads_at([(20, 60)], taken=[(30, 80)])
    assert led == [now for now in ALWAYS if now < 30 or now >= 80]
    again = leads_at([(20, 32)])
    assert again == [now for now in ALWAYS if now != 30]  # back at once, with nobody else there


def test_where_all_are_cut_off_somebody_leads_nearly_always() -> None:
    away = [now for now in ALWAYS if now not in leads_at([(20, EVER)])]
    # Every two minutes the others have another chance.
    assert len(away) * LOOK_S <= (400 / AGAIN_AFTER_S + 1) * OTHERS_FIRST_S
    assert [now for now in away if now < 60] == [30, 32, 34, 36]


def test_each_cut_is_counted_from_its_own_beginning() -> None:
    led = leads_at([(20, 40), (50, 58)], taken=[(30, 32)])
    assert set(ALWAYS) - set(led) == {30, 32, 34, 36}

"""Two candidates who behave alike: one session moves to another node, its twin stays where it began."""

from __future__ import annotations

import base64
import logging
from collections import Counter
from datetime import datetime
from typing import Any, Final

import pytest

from tests.support.eventually import until
from tests.support.exam_site import enroll_body
from tests.support.films import portraits
from tests.support.live_fleet import Centre, Page

log = logging.getLogger(__name__)

CALIBRATED, SMALLER, STRANGER = "CALIBRATED", "PRESENCE_LOSS", "FACE_MISMATCH"
ABSENT, LEFT = "FACE_NOT_FOUND", "LEFT_FRAME"
BASELINE_S: Final = 5.0
GOES_ON_S: Final = 16.0
"""Where the recording goes on after the move; the node dies some seconds before that."""
FILM: Final = (
    ("honest", 8.0),
    ("another_person", 19.0),
    ("honest", 5.0),
    ("empty_chair", 8.0),
    ("honest", 2.0),
)
CHECKS: Final = 8
"""Checks of the stranger's face before it is told: more than the first node makes of them. The second one
alone would count enough of them too, but from another onset."""
TOLERANCE_S: Final = 1.5
"""Of an onset: two looks of the slowest kind, at a busy machine."""
POLICY: Final = {
    "baseline_s": BASELINE_S,
    "mismatch_checks": CHECKS,
    "rules": {
        SMALLER: {"hold_s": 2},
        ABSENT: {"hold_s": 2},
        LEFT: {"hold_s": 4},
        "ANALYSIS_DEGRADED": {"hold_s": 1, "clear_s": 0.5},
    },
    "features": {"audio_monitoring": False},
}


async def enrolled(centre: Centre, *names: str) -> None:
    pictures = [base64.b64encode(picture).decode() for picture in portraits(swapped=True)]
    for name in names:
        answer = await centre.post("/enroll", enroll_body(*pictures, candidate=name))
        assert answer.status_code == 201, answer.text


def about_candidate(told: list[dict[str, Any]]) -> dict[str, dict[str, Any]]:
    """By event; each is told once."""
    judged = [item for item in told if item["event_class"] in ("conduct", "identity")]
    assert Counter(item["event_type"] for item in judged).most_common(1)[0][1] == 1, judged
    return {item["event_type"]: item for item in judged}


def filmed_s(told: list[dict[str, Any]], event: str, page: Page) -> float:
    """Where in the whole recording an event begins: by its only calibration, or by where it went on."""
    at = {item["event_type"]: datetime.fromisoformat(item["onset"]).timestamp() for item in told}
    _, *later = page.began
    gone_on = later and at[event] > later[0]
    return at[event] - later[0] + GOES_ON_S if gone_on else at[event] - at[CALIBRATED] + BASELINE_S


async def same_alerts(moving: Page, twin: Page, open_before: dict[str, Any], *, counting: bool) -> None:
    """Both were told of alike, when both are over: also of what the first node had seen alone, under the same
    id. `counting`: the first node died while it counted the checks of the stranger's face."""

    async def over() -> bool:
        told = [*await moving.told(), *await twin.told()]
        return all(item["cleared"] for item in told if item["event_class"] != "milestone")

    await until(over, "the ends of all")
    told, twins = await moving.told(), await twin.told()
    here, there = about_candidate(told), about_candidate(twins)
    assert here.keys() == there.keys() == {SMALLER, STRANGER, ABSENT, LEFT}
    apart_s = {event: filmed_s(told, event, moving) - filmed_s(twins, event, twin) for event in here}
    log.warning("onsets of the moved session less its twin's, s: %s", apart_s)
    assert all(abs(one) <= TOLERANCE_S for one in apart_s.values()), apart_s
    assert here[SMALLER]["event_id"] == open_before["event_id"]
    assert open_before["cleared"] is None
    [gap] = [item for item in told if item["event_type"] == "NODE_FAILOVER"]
    assert gap["severity_score"] == 0.0
    # The count began before the move and was full after it, with the templates of the start.
    assert not counting or here[STRANGER]["onset"] < gap["raised"] < here[STRANGER]["raised"]
    for items in (told, twins):
        assert Counter(item["event_type"] for item in items)[CALIBRATED] == 1
    usual = "baseline_share_of_frame"
    assert here[SMALLER]["evidence"][usual] == pytest.approx(there[SMALLER]["evidence"][usual], rel=0.1)

"""A rule that could never be raised, or only in a wrong order, is refused by the path to change."""

from __future__ import annotations

from typing import Any

import pytest

from shared.errors import Rejected
from shared.policy.refusals import MAX_PROBLEMS
from shared.policy.schema import parse_policy

CHECKS = [{"event": "FACE_MISMATCH", "more_than_checks": 6}, {"event": "VOICE_DETECTED"}]
PHONE = [{"event": "PHONE_VISIBLE"}, {"event": "VOICE_DETECTED"}]
OFTEN = {"FREQUENT_DISTRACTION": {"threshold": 20}}
CONTRADICTIONS: dict[str, dict[str, Any]] = {
    "rules.PROLONGED_LOOK_AWAY.hold_s": {"rules": {"PROLONGED_LOOK_AWAY": {"hold_s": 3.9}}},
    "rules.CANDIDATE_OFFLINE.hold_s": {"rules": {"CANDIDATE_OFFLINE": {"hold_s": 2}}},
    "rules.FACE_MISMATCH.hold_s": {"rules": {"FACE_MISMATCH": {"hold_s": 30}}},
    "rules.HIGH_CONFIDENCE_CHEATING.clear_s": {"rules": {"HIGH_CONFIDENCE_CHEATING": {"clear_s": 5}}},
    "rules.CLOCK_SKEW.hold_s": {"rules": {"CLOCK_SKEW": {"hold_s": 5}}},
    "max_gap_s": {"max_gap_s": 1.2},
    "cadences_hz.faces": {"cadences_hz": {"faces": 0.4}},
    "cadences_hz.sounds": {"cadences_hz": {"sounds": 0.2}, "max_gap_s": 6},
    "liveness_checks": {"liveness_checks": 14, "cadences_hz": {"liveness": 0.2}, "max_gap_s": 10},
    "distraction.window_s": {"rules": OFTEN, "distraction": {"episode_s": 3}},
    "movement.turns": {"movement": {"turns": 11, "window_s": 5}},
    "fusion.terms.0.more_than_checks": {"fusion": {"window_s": 5, "terms": CHECKS}},
    "fusion.terms.0.event": {"fusion": {"terms": PHONE}},
    "phrases": {"phrases": ["hey there"]},
}
POSSIBLE: dict[str, dict[str, Any]] = {
    "slow looks with a long gap": {"cadences_hz": {"faces": 0.4}, "max_gap_s": 3.5},
    "slow checks of identity": {"cadences_hz": {"identity": 0.2, "speakers": 0.2}},
    "a count that fits": {"rules": OFTEN, "distraction": {"episode_s": 2.9}},
    "quick checks": {"fusion": {"window_s": 5, "terms": CHECKS}, "cadences_hz": {"identity": 2}},
    "a phone that is looked for": {
        "fusion": {"terms": PHONE},
        "rules": {"PHONE_VISIBLE": {"enabled": True}},
    },
    "a part of the usual fusion that is off": {"rules": {"GAZE_OFF_SCREEN": {"enabled": False}}},
    "a fusion that is off": {
        "fusion": {"terms": PHONE},
        "rules": {"HIGH_CONFIDENCE_CHEATING": {"enabled": False}},
    },
}


@pytest.mark.parametrize(("path", "data"), CONTRADICTIONS.items())
def test_what_contradicts_is_refused_at_its_path(path: str, data: dict[str, Any]) -> None:
    with pytest.raises(Rejected) as refused:
        parse_policy(data)
    assert [error["path"] for error in refused.value.errors] == [path]


@pytest.mark.parametrize("data", POSSIBLE.values(), ids=POSSIBLE.keys())
def test_what_can_be_raised_is_accepted(data: dict[str, Any]) -> None:
    parse_policy(data)


def test_every_contradiction_is_named_at_once() -> None:
    with pytest.raises(Rejected) as refused:
        parse_policy({"max_gap_s": 0.5, "movement": {"turns": 60, "window_s": 5}})
    assert {error["path"] for error in refused.value.errors} == {"max_gap_s", "movement.turns"}


def test_more_problems_than_anybody_reads_are_counted() -> None:
    with pytest.raises(Rejected, match="and 450 more") as refused:
        parse_policy({"rules": {f"X{number}": {} for number in range(500)}})
    assert len(refused.value.errors) == MAX_PROBLEMS

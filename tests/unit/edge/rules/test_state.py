"""What the rules remember is declared, all of it, and comes back as it was or not at all."""

from __future__ import annotations

import json
from dataclasses import fields
from typing import Any

import pytest

from edge.judging.policy_settings import monitor_settings
from edge.judging.watch import WatchState
from edge.rules.monitor import Monitor, MonitorState
from shared.saving import restore, save
from tests.support.everything import exam_of_everything, policy_of_everything
from tests.support.observations import play
from tests.support.states import beside, falsified, kinds, sample

SETTINGS = monitor_settings(policy_of_everything())
KINDS = [*kinds(MonitorState), *kinds(WatchState)]
each_kind = pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind.__name__)


def test_every_rule_with_a_memory_is_among_the_kinds() -> None:
    rules = {"HoldState", "Tally", "SamplesState", "MismatchState", "StreamState", "SpeechState"}
    assert rules | {"KeptPicture"} <= {kind.__name__ for kind in KINDS}


@each_kind
def test_a_state_has_no_room_for_what_is_not_declared(kind: type) -> None:
    assert not hasattr(sample(kind), "__dict__")


@each_kind
def test_every_field_is_saved_and_comes_back(kind: Any) -> None:
    state = sample(kind)
    saved = json.loads(json.dumps(save(state)))
    assert saved.keys() == {each.name for each in fields(kind)}
    assert restore(kind, saved) == state


@each_kind
def test_what_no_state_can_be_is_refused(kind: type) -> None:
    for false in falsified(kind):
        with pytest.raises(ValueError, match="snapshot"):
            restore(kind, false)


def test_rules_remember_nothing_beside_their_state() -> None:
    monitor = Monitor(SETTINGS)
    before = beside(monitor, monitor._state)
    for number, observation in enumerate(exam_of_everything()):
        play(monitor, [observation])
        if number % 40 == 0:
            assert beside(monitor, monitor._state) == before


def test_what_is_remembered_beside_a_state_would_be_seen() -> None:
    monitor = Monitor(SETTINGS)
    before = beside(monitor, monitor._state)
    monitor._state.stream.raised_s = {}
    monitor._frame_rate._bound = 99.0
    assert beside(monitor, monitor._state) != before


def test_a_snapshot_of_other_rules_is_refused() -> None:
    saved = Monitor(SETTINGS).snapshot()
    episodes = saved["episodes"]
    assert isinstance(episodes, dict)
    del episodes["GAZE_OFF_SCREEN"]
    with pytest.raises(ValueError, match="episodes"):
        Monitor(SETTINGS).restore(saved)


@pytest.mark.parametrize(
    ("place", "value", "named"),
    [
        ("late", -1, "late is not a whole number"),
        ("seeing.calibration.heads.rows", [[1.0, 2.0]] * 81, "heads.rows is not a list of at most 80"),
        ("seeing.calibration.heads.rows", [[1.0]], "rows of 2"),
        ("seeing.mismatch.tally.looks", True, "mismatch.tally.looks is not a whole number"),
        ("seeing.calibration.zone", {}, "zone.max_pitch_deg is not there"),
        ("stream.raised_s", {"CANDIDATE_OFFLINE": "soon"}, "raised_s.CANDIDATE_OFFLINE is not a number"),
        ("stream.raised_s", {"LEFT_FRAME": 1.0}, "stream has raised"),
        ("fusion.spans", {"LEFT_FRAME": []}, "spans of other terms"),
        ("speech.raised_s", 12.0, "without speech"),
        ("episodes.GAZE_OFF_SCREEN.hold.last_s", float("nan"), "hold.last_s is not a number"),
        ("episodes.GAZE_OFF_SCREEN.tally", {"looks": 1}, "tally.evidence is not there"),
    ],
)
def test_what_is_wrong_is_named(place: str, value: object, named: str) -> None:
    saved = Monitor(SETTINGS).snapshot()
    *way, last = place.split(".")
    inner: Any = saved
    for step in way:
        inner = inner[step]
    inner[last] = value
    with pytest.raises(ValueError, match=named):
        Monitor(SETTINGS).restore(saved)


def test_an_idle_rule_takes_little_room() -> None:
    """Room for each event, so that a new event brings its own."""
    saved: Any = Monitor(SETTINGS).snapshot()
    assert max(len(json.dumps(episode)) for episode in saved["episodes"].values()) < 64
    assert len(json.dumps(saved)) < 154 * len(saved["episodes"])

"""What a report says it cannot know."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from uuid import uuid4

import pytest

from coordinator.reports.gaps import Circumstances, unknown_seconds, unknowns
from shared.alerts import Alert, AlertMetadata
from shared.api.reports import Unknown
from shared.events.table import event_class
from shared.events.types import Action, EventClass, EventType
from shared.policy.schema import Policy
from shared.policy.terms import Features

START = datetime(2026, 11, 22, 14, tzinfo=UTC)
WELL = Circumstances(
    policy=Policy(), identity="enrolled", over=True, watched=True, acknowledged=True, erased=0
)
NOTHING_WATCHED = Features(
    face_verification=False, gaze_tracking=False, pose_analysis=False, audio_monitoring=False
)


def alert(event: EventType, onset_s: float = 0.0, lasts_s: float | None = 1.0) -> Alert:
    onset = START + timedelta(seconds=onset_s)
    return Alert(
        event_id=uuid4(),
        event_type=event,
        event_class=event_class(event),
        severity_score=0.0,
        confidence=1.0,
        exam_session_id="SESS-1",
        candidate_id="CAND-1",
        exam_id="EXAM-1",
        onset=onset,
        raised=onset,
        cleared=None if lasts_s is None else onset + timedelta(seconds=lasts_s),
        duration=lasts_s or 0.0,
        evidence={},
        explanation="Something was measured.",
        metadata=AlertMetadata(
            node=uuid4(),
            region="campus",
            models={},
            device="cpu",
            policy_version=1,
            degradation_level=1,
            trace_id="0" * 32,
        ),
        action_required=Action.NONE,
        message="",
    )


ADVISORY = {EventType.VIRTUAL_CAMERA_SUSPECTED, EventType.PICTURE_IN_VIEW}
"""Technical events during which everything is seen as usual."""


def test_a_session_without_trouble_leaves_nothing_unknown() -> None:
    quiet = [alert(EventType.GAZE_OFF_SCREEN), alert(EventType.SESSION_STARTED)]
    assert unknowns(quiet, WELL) == []


@pytest.mark.parametrize(
    "event",
    [event for event in EventType if event_class(event) is EventClass.TECHNICAL and event not in ADVISORY],
)
def test_technical_trouble_is_a_stretch_of_not_knowing(event: EventType) -> None:
    trouble = alert(event, 5.0, 7.0)
    [unknown] = unknowns([trouble], WELL)
    assert unknown.begins_at == START + timedelta(seconds=5)
    assert unknown.ends_at == START + timedelta(seconds=12)
    assert unknown.event_id == str(trouble.event_id)


@pytest.mark.parametrize(("since_beginning", "seconds"), [(True, {}), (False, {"picture": 70.0})])
def test_the_time_before_a_candidate_joined_is_not_time_unwatched(
    since_beginning: bool, seconds: dict[str, float]
) -> None:
    absent = alert(EventType.CANDIDATE_OFFLINE, 5.0, 70.0)
    absent = absent.model_copy(update={"evidence": {"since_beginning": since_beginning}})
    assert unknown_seconds(unknowns([absent], WELL), START + timedelta(seconds=200)) == seconds


@pytest.mark.parametrize(
    ("around", "what"),
    [
        (replace(WELL, over=False), ["session"]),
        (replace(WELL, watched=False), ["session"]),
        (replace(WELL, identity="unavailable"), ["identity"]),
        (replace(WELL, identity="not-asked"), ["identity"]),
        (replace(WELL, acknowledged=False), ["session"]),
        (replace(WELL, erased=3), ["reports"]),
        (replace(WELL, policy=Policy(features=NOTHING_WATCHED)), ["sound", "coverage", "coverage"]),
    ],
)
def test_what_a_session_lacked_holds_throughout(around: Circumstances, what: list[str]) -> None:
    found = unknowns([], around)
    assert [one.what for one in found] == what
    assert {(one.begins_at, one.ends_at, one.event_id) for one in found} == {(None, None, None)}


def stretch(begins_s: float, ends_s: float | None, what: str = "picture") -> Unknown:
    ends = None if ends_s is None else START + timedelta(seconds=ends_s)
    return Unknown.model_validate(
        {
            "what": what,
            "why": "…",
            "begins_at": START + timedelta(seconds=begins_s),
            "ends_at": ends,
            "event_id": None,
        }
    )


@pytest.mark.parametrize(
    ("stretches", "expected"),
    [
        ([], {}),
        ([stretch(0, 5)], {"picture": 5.0}),
        ([stretch(3, 9), stretch(0, 5)], {"picture": 9.0}),  # an overlap counts once
        ([stretch(0, 10), stretch(2, 3), stretch(20, 21)], {"picture": 11.0}),
        ([stretch(95, None)], {"picture": 5.0}),  # not over: until the session's end
        ([stretch(110, None)], {"picture": 0.0}),  # begun after it
        ([stretch(0, 5), stretch(0, 5, "sound")], {"picture": 5.0, "sound": 5.0}),
    ],
)
def test_time_unknown_is_added_up_once_per_kind(stretches: list[Unknown], expected: dict[str, float]) -> None:
    assert unknown_seconds(stretches, START + timedelta(seconds=100)) == expected


def test_what_holds_throughout_is_no_stretch() -> None:
    assert unknown_seconds(unknowns([], replace(WELL, watched=False)), START) == {}


def said(event: EventType, onset_s: float, purpose: str | None = None) -> Alert:
    evidence = {} if purpose is None else {"purpose": purpose}
    return alert(event, onset_s, 0.0).model_copy(update={"evidence": evidence})


def test_pauses_and_withdrawals_are_stretches_of_which_nothing_is_known() -> None:
    withdrawn, renewed = EventType.CONSENT_WITHDRAWN, EventType.CONSENT_RENEWED
    alerts = [
        said(withdrawn, 10, "identity-verification"),
        said(withdrawn, 20, "camera-monitoring"),
        said(EventType.PROCTOR_PAUSE, 30),
        said(EventType.STREAM_STALLED, 35),
        said(renewed, 40, "identity-verification"),
        said(EventType.PROCTOR_RESUME, 50),
        said(EventType.PROCTOR_PAUSE, 60),
        said(withdrawn, 65, "impersonation-search"),
        said(EventType.PROCTOR_RESUME, 70),
        said(withdrawn, 80, "identity-verification"),
    ]
    found = [
        (
            one.what,
            (one.begins_at - START).total_seconds(),
            one.ends_at and (one.ends_at - START).total_seconds(),
        )
        for one in unknowns(alerts[::-1], WELL)
        if one.begins_at is not None and one.event_id != str(alerts[3].event_id)
    ]
    assert found == [
        ("identity", 10.0, 40.0),
        ("picture", 20.0, None),
        ("coverage", 30.0, 50.0),
        ("coverage", 60.0, 70.0),
        ("identity", 80.0, None),
    ]

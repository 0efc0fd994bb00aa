"""Pauses and extra time on a session's expiry, and which policy a running session may go on under."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from coordinator.sessions.changing.next_policy import changed_policy, check_based_on, next_version
from coordinator.sessions.expiry import LONGEST, MAX_PAUSE, extended_expiry, paused_expiry, resumed_expiry
from shared.errors import Rejected
from shared.events.types import EventType
from shared.policy.schema import Policy
from shared.policy.terms import Accommodation, Features

START = datetime(2026, 11, 22, 14, tzinfo=UTC)
EXPIRES = START + timedelta(hours=2)
NO_SOUND = Features(audio_monitoring=False)


@pytest.mark.parametrize(
    ("paused", "given_back"),
    [
        (timedelta(0), timedelta(0)),
        (timedelta(minutes=17), timedelta(minutes=17)),
        (MAX_PAUSE, MAX_PAUSE),
        (MAX_PAUSE + timedelta(hours=1), MAX_PAUSE),  # longer than a pause may last
        (timedelta(seconds=-5), timedelta(0)),  # a replica's clock a little behind
    ],
)
def test_a_session_gets_back_the_time_of_its_pause(paused: timedelta, given_back: timedelta) -> None:
    at = START + timedelta(minutes=30)
    while_paused = paused_expiry(EXPIRES, START)
    assert resumed_expiry(while_paused, at, at + paused) == EXPIRES + given_back


def test_extra_time_in_a_pause_is_kept_after_it() -> None:
    at = START + timedelta(minutes=30)
    longer = extended_expiry(paused_expiry(EXPIRES, START), START, 10)
    assert resumed_expiry(longer, at, at + timedelta(minutes=5)) == EXPIRES + timedelta(minutes=15)


def test_no_session_lasts_for_ever() -> None:
    almost = START + LONGEST - timedelta(minutes=1)
    assert extended_expiry(almost, START, 1) == START + LONGEST
    with pytest.raises(Rejected) as told:
        extended_expiry(almost, START, 2)
    assert (told.value.code, told.value.status) == ("session-too-long", 409)
    with pytest.raises(Rejected):
        paused_expiry(almost, START)


def test_what_is_agreed_with_the_candidate_stays_agreed() -> None:
    agreed = Accommodation(muted=(EventType.GAZE_OFF_SCREEN,))
    running = Policy().for_candidate(agreed)
    changed = changed_policy(running, Policy(version=2, baseline_s=60))
    assert changed.candidate == running.candidate
    assert (changed.version, changed.baseline_s) == (2, 60)
    assert not changed.rule(EventType.GAZE_OFF_SCREEN).enabled


@pytest.mark.parametrize(
    ("running", "wanted", "allowed"),
    [
        (Policy(), Policy(version=2, features=NO_SOUND), True),
        (Policy(features=NO_SOUND), Policy(version=2), False),
        (Policy(), Policy(version=2, features=Features(speech_transcription=True)), False),
        (Policy(features=Features(face_verification=False)), Policy(version=2), False),
    ],
)
def test_a_running_session_may_watch_for_less_and_not_for_more(
    running: Policy, wanted: Policy, allowed: bool
) -> None:
    if allowed:
        assert changed_policy(running, wanted) == wanted
        return
    with pytest.raises(Rejected) as told:
        changed_policy(running, wanted)
    assert (told.value.code, told.value.status) == ("purposes-grow", 409)
    assert str(told.value).startswith("the candidate was not told of ")
    assert str(told.value).endswith(": a running session may use fewer purposes, not more")


def test_a_change_that_changes_nothing_and_one_from_another_version_are_refused() -> None:
    with pytest.raises(Rejected) as told:
        changed_policy(Policy(version=3), Policy(version=9))
    assert (told.value.code, told.value.status) == ("policy-unchanged", 409)
    assert str(told.value) == "the session already has exactly this policy"
    check_based_on(3, 3)
    with pytest.raises(Rejected, match="version 3") as told:
        check_based_on(3, 2)
    assert (told.value.code, told.value.status) == ("policy-changed", 409)


@pytest.mark.parametrize(("running", "latest", "version"), [(1, 0, 2), (3, 7, 8), (9, 7, 10)])
def test_no_two_policies_share_a_version(running: int, latest: int, version: int) -> None:
    assert next_version(running, latest) == version

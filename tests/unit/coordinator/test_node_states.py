"""Where a node stands, why, and when that changes."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any, get_args
from uuid import UUID

import pytest

from coordinator.nodes.history import KEPT, History
from coordinator.nodes.node_states import Assessment, Facts, State, assess, troubles
from coordinator.nodes.placements import Draining, HeldSession, Placement, left_on
from coordinator.nodes.reasons import REASONS, told
from coordinator.nodes.steadiness import DEGRADED_AFTER_S, HEALTHY_AFTER_S, Course, heard
from edge.fleet.health import Vitals, health_of
from shared.events.types import Lane
from shared.messages.heartbeats import Heartbeat, Measures, OtherHost, OutboxState

NOW = datetime(2026, 11, 22, 12, tzinfo=UTC)
HOUR = timedelta(hours=1)


def beat(**about: Any) -> Heartbeat:
    said: dict[str, Any] = {
        "node_id": UUID(int=1),
        "boot_id": UUID(int=9),
        "sent_utc": NOW,
        "region": "local",
        "sealing_key": "x25519:",
        "signaling_url": "ws://edge",
        "health": 10,
        "level": 1,
        "rating": 4,
        "device": "cpu",
        "models": {},
        "recognisers": (),
        "outbox": (),
    }
    return Heartbeat.model_validate(said | about)


def facts(**about: Any) -> Facts:
    said: dict[str, Any] = {
        "revoked": False,
        "placement": Placement.OPEN,
        "deadline_utc": None,
        "left": None,
        "heartbeat": beat(),
        "silent_s": 3.0,
        "seen_before": True,
        "skew_s": 0.0,
        "degraded": False,
        "hub_connected": True,
    }
    return Facts(**said | about)


UNHEARD: dict[str, Any] = {"heartbeat": None}
FRESH: dict[str, Any] = {"heartbeat": None, "seen_before": False}
SILENT: dict[str, Any] = {"silent_s": 15.0}
CORDONED: dict[str, Any] = {"placement": Placement.CORDONED}
DRAINING: dict[str, Any] = {"placement": Placement.DRAINING, "left": 2}
EMPTY: dict[str, Any] = {"placement": Placement.DRAINING, "left": 0}


@pytest.mark.parametrize(
    ("known", "state", "reasons"),
    [
        ({}, State.HEALTHY, ()),
        ({"silent_s": 14.9}, State.HEALTHY, ()),
        (SILENT, State.MISSING, ("silent",)),
        (SILENT | {"hub_connected": False}, State.MISSING, ("no-hub",)),
        ({"hub_connected": False}, State.HEALTHY, ()),
        (FRESH, State.JOINING, ("never-heard",)),
        (FRESH | {"silent_s": 1e9}, State.JOINING, ("never-heard",)),
        (UNHEARD, State.JOINING, ("not-heard-yet",)),
        (UNHEARD | SILENT, State.MISSING, ("silent",)),
        (FRESH | {"skew_s": 3_600.0}, State.JOINING, ("never-heard", "clock-skew")),
        (SILENT | {"skew_s": -3_600.0}, State.MISSING, ("silent", "clock-skew")),
        ({"degraded": True}, State.DEGRADED, ("recovering",)),
        ({"heartbeat": beat(reasons=("loop-slow",))}, State.HEALTHY, ("loop-slow",)),
        ({"degraded": True, "heartbeat": beat(reasons=("loop-slow",))}, State.DEGRADED, ("loop-slow",)),
        ({"degraded": True, "heartbeat": beat(reasons=("loop-slow",))} | SILENT, State.MISSING, ("silent",)),
        (CORDONED, State.CORDONED, ("cordoned",)),
        (CORDONED | {"degraded": True}, State.CORDONED, ("cordoned", "recovering")),
        (CORDONED | FRESH, State.CORDONED, ("never-heard", "cordoned")),
        (CORDONED | SILENT, State.MISSING, ("silent", "cordoned")),
        (CORDONED | SILENT | {"left": 1}, State.MISSING, ("silent", "cordoned")),
        (CORDONED | SILENT | {"left": 0}, State.CORDONED, ("silent", "cordoned")),
        (DRAINING, State.DRAINING, ("draining",)),
        (DRAINING | {"deadline_utc": NOW + HOUR}, State.DRAINING, ("draining",)),
        (DRAINING | {"deadline_utc": NOW}, State.DRAINING, ("drain-late",)),
        (DRAINING | SILENT, State.MISSING, ("silent", "draining")),
        (EMPTY | {"deadline_utc": NOW}, State.DRAINING, ("drained",)),
        (EMPTY | SILENT, State.DRAINING, ("silent", "drained")),
        (EMPTY | {"revoked": True}, State.REVOKED, ("revoked",)),
        (SILENT | {"revoked": True}, State.REVOKED, ("revoked",)),
    ],
)
def test_the_state_of_a_node(known: dict[str, Any], state: State, reasons: tuple[str, ...]) -> None:
    assert assess(facts(**known), NOW) == Assessment(state, reasons)


@pytest.mark.parametrize(
    ("said", "skew_s", "wrong"),
    [
        (beat(), None, ()),
        (beat(measures=Measures()), 25.0, ()),
        (beat(), -25.1, ("clock-skew",)),
        (beat(reasons=("clock-skew", "overloaded")), 40.0, ("clock-skew", "overloaded")),
        (beat(health=2), 0.0, ("unwell",)),
        (beat(health=3), 0.0, ()),
        (beat(measures=Measures(certificate_ends_utc=NOW + 6 * HOUR)), 0.0, ()),
        (beat(measures=Measures(certificate_ends_utc=NOW + 5 * HOUR)), 0.0, ("certificate-ending",)),
        (beat(measures=Measures(certificate_ends_utc=NOW)), 0.0, ("certificate-ended",)),
        (beat(measures=Measures(disk_free_bytes=2**30)), 0.0, ()),
        (beat(measures=Measures(disk_free_bytes=2**30 - 1)), 0.0, ("disk-low",)),
    ],
)
def test_what_is_wrong_with_a_node(said: Heartbeat, skew_s: float | None, wrong: tuple[str, ...]) -> None:
    assert troubles(said, skew_s, NOW) == wrong


def test_alerts_that_wait_count_over_all_lanes() -> None:
    def waiting(count: int) -> Heartbeat:
        about = {"outbox_id": UUID(int=3), "last_sequence": 9, "dropped": 0}
        return beat(
            outbox=(OutboxState(lane=Lane.CONDUCT, waiting=600, **about),) * 1
            + (OutboxState(lane=Lane.TECHNICAL, waiting=count, **about),)
        )

    assert troubles(waiting(399), 0.0, NOW) == ()
    assert troubles(waiting(400), 0.0, NOW) == ("outbox-behind",)


def test_a_heartbeat_of_an_older_program_is_read() -> None:
    said = beat().model_dump(mode="json")
    del said["measures"]
    older = Heartbeat.model_validate(said)
    assert older.measures is None
    assert troubles(older, 0.0, NOW) == ()


def course(*words: tuple[float, bool], start: Course | None = None) -> Course:
    """After words at these times: whether each told of trouble."""
    now = start
    for at, trouble in words:
        now = heard(now, at, trouble=trouble, grave=False)
    assert now is not None
    return now


def test_trouble_counts_when_it_lasts_and_its_end_when_that_does() -> None:
    well = course((0.0, False))
    assert not course((5.0, True), (14.9, True), start=well).degraded
    ill = course((5.0, True), (10.0, True), (5.0 + DEGRADED_AFTER_S, True), start=well)
    assert ill.degraded
    assert course((20.0, False), (49.9, False), start=ill).degraded
    calm = [(20.0 + at, False) for at in range(0, int(HEALTHY_AFTER_S) + 1, 5)]
    again = course(*calm, start=ill)
    assert not again.degraded
    assert not course((55.0, True), (60.0, True), start=again).degraded  # the second time as the first


def test_what_comes_and_goes_changes_nothing() -> None:
    well = course((0.0, False))
    assert not course(*((5.0 * n, n % 2 == 1) for n in range(1, 40)), start=well).degraded
    ill = course((0.0, True))
    assert course(*((5.0 * n, n % 2 == 1) for n in range(1, 40)), start=ill).degraded


def test_the_first_word_counts_at_once_and_a_grave_one_too() -> None:
    assert course((0.0, True)).degraded
    assert heard(course((0.0, False)), 5.0, trouble=True, grave=True).degraded
    assert heard(course((0.0, False)), 5.0, trouble=False, grave=True).degraded


def test_silence_is_no_word_of_trouble_nor_of_its_end() -> None:
    well = course((0.0, False), (5.0, True))
    assert not course((20.0, True), (29.9, True), start=well).degraded
    assert course((20.0, True), (25.0, True), (30.0, True), start=well).degraded
    ill = course((0.0, True), (5.0, False))
    assert course((1_000.0, False), (1_010.0, False), (1_020.0, False), start=ill).degraded


def test_every_reason_has_words_and_a_repair() -> None:
    bad = Vitals(
        hub_connected=False,
        outbox_writes=False,
        outbox_fill=1.0,
        outboxes_set_aside=1,
        loop_lag_s=0.1,
        loop_worst_s=1.0,
        clock_skew_s=99.0,
        analysis_works=False,
        overloaded=True,
        workers_missing=True,
    )
    hosts = [health_of(replace(bad, other_host=other)).reasons for other in get_args(OtherHost)]
    of_nodes = {*(reason for reasons in hosts for reason in reasons), "loop-stuck"}
    assert {"identity-copied", "identity-elsewhere"} <= of_nodes
    assert of_nodes <= REASONS.keys()
    assert all(words.text.endswith(".") and len(words.text) < 100 for words in REASONS.values())
    assert [reason for reason, words in REASONS.items() if not words.fix] == ["recovering"]
    assert told("quite-new").text == "It reports: quite-new."


def session(number: int, begins_h: float, ends_h: float) -> HeldSession:
    begins_utc, expires_utc = NOW + begins_h * HOUR, NOW + ends_h * HOUR
    return HeldSession(session_id=UUID(int=number), begins_utc=begins_utc, expires_utc=expires_utc)


def test_what_is_left_on_a_node_is_told_by_whether_the_exam_has_begun() -> None:
    left = left_on([session(1, -1, 3), session(2, 0, 1), session(3, 0.1, 2)], NOW)
    assert (left.waiting, left.running) == ((UUID(int=3),), (UUID(int=2), UUID(int=1)))
    assert (left.count, left.until_utc) == (3, NOW + 3 * HOUR)
    nothing = left_on([], NOW)
    assert (nothing.count, nothing.until_utc) == (0, None)


@pytest.mark.parametrize(
    ("since", "tried", "goes_on"),
    [
        (0, None, False),  # whoever was told to drain is at it
        (29, None, False),
        (30, None, True),
        (3_600, None, True),  # another coordinator leads now, and has not tried
        (3_600, 29, False),
        (3_600, 30, True),
        (10, 40, False),  # it was opened, and is drained again
    ],
)
def test_a_drain_is_gone_on_with_every_half_minute(since: int, tried: int | None, goes_on: bool) -> None:
    began_utc = NOW - timedelta(seconds=since)
    tried_utc = None if tried is None else NOW - timedelta(seconds=tried)
    assert Draining(UUID(int=1), began_utc, running=False).goes_on(tried_utc, NOW) is goes_on


def test_the_last_hour_keeps_the_highest_of_each_minute_and_no_more_than_sixty() -> None:
    history = History()
    assert (history.of(UUID(int=1), NOW), history.since_utc) == ([], None)
    history.note(beat(seats=3, measures=Measures(cpu=0.5)), NOW + timedelta(seconds=5))
    history.note(
        beat(seats=2, level=2, measures=Measures(cpu=0.7, lag_p95_s=0.1)), NOW + timedelta(seconds=59)
    )
    history.note(beat(seats=1), NOW + timedelta(seconds=60))
    first, second = history.of(UUID(int=1), NOW)
    assert (first.minute_utc, first.sessions, first.level, first.cpu, first.lag_p95_s) == (
        NOW,
        3,
        2,
        0.7,
        0.1,
    )
    assert (second.minute_utc, second.sessions, second.cpu) == (NOW + timedelta(minutes=1), 1, None)
    assert history.since_utc == NOW + timedelta(seconds=5)
    for minute in range(2, 200):
        history.note(beat(seats=1), NOW + timedelta(minutes=minute))
    assert len(history.of(UUID(int=1), NOW + timedelta(minutes=199))) == KEPT
    assert len(history.of(UUID(int=1), NOW + timedelta(minutes=249))) == 11  # it was silent since
    history.note(beat(seats=9), NOW)  # the clock was set back
    assert history.of(UUID(int=1), NOW + timedelta(minutes=199))[-1].sessions == 9
    history.forget(UUID(int=1))
    assert history.of(UUID(int=1), NOW) == []

"""What a card on the wall says of a candidate's page, from stored values: every case a row."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import get_args

import pytest

from coordinator.sessions.presence.cards import Card, CardFacts, CardState, card, card_state
from coordinator.sessions.presence.wording import CAMERA, STATES, card_text
from shared.api.sessions import CameraTrouble
from shared.messages.heartbeats import MISSING_AFTER_S

NOW = datetime(2026, 11, 22, 15, tzinfo=UTC)
S = CardState


def ago(seconds: float) -> datetime:
    return NOW - timedelta(seconds=seconds)


NEW = CardFacts(started_utc=ago(600), heard_utc=ago(2))
OPENED = replace(NEW, opened_utc=ago(300))
CAME = replace(OPENED, came_utc=ago(200), phase="watching", phase_utc=ago(200))


@pytest.mark.parametrize(
    ("seen", "state", "since"),
    [
        (NEW, S.WAITING, ago(600)),
        (replace(NEW, phase="waiting", phase_utc=ago(5)), S.WAITING, ago(600)),
        (OPENED, S.OPENED, ago(300)),  # reading the notice, or its camera is refused
        (replace(OPENED, phase="waiting", phase_utc=ago(5)), S.OPENED, ago(300)),
        (replace(OPENED, phase="silent", phase_utc=ago(5)), S.OPENED, ago(300)),
        (replace(NEW, phase="silent", phase_utc=ago(5)), S.OPENED, ago(5)),  # by another client than our page
        (CAME, S.CONNECTED, ago(200)),
        (replace(CAME, phase="withheld", phase_utc=ago(9)), S.WITHHELD, ago(9)),
        (replace(CAME, phase="silent", phase_utc=ago(9)), S.LOST, ago(9)),  # its camera or its network
        (replace(CAME, phase="waiting", phase_utc=ago(9)), S.LOST, ago(9)),  # the browser is gone
        (replace(CAME, phase=None, phase_utc=None), S.LOST, None),
        (replace(CAME, paused_utc=ago(30)), S.PAUSED, ago(30)),
        (replace(CAME, paused_utc=ago(30), heard_utc=None), S.PAUSED, ago(30)),
        (replace(CAME, phase="paused", phase_utc=ago(1)), S.UNKNOWN, ago(1)),  # resumed a moment ago
        (replace(CAME, phase="dreaming", phase_utc=ago(1)), S.UNKNOWN, ago(1)),
        (replace(CAME, heard_utc=ago(MISSING_AFTER_S - 0.1)), S.CONNECTED, ago(200)),
        (replace(CAME, heard_utc=ago(MISSING_AFTER_S)), S.UNKNOWN, ago(MISSING_AFTER_S)),
        (replace(CAME, heard_utc=None), S.UNKNOWN, None),
        (replace(NEW, heard_utc=ago(99)), S.UNKNOWN, ago(99)),
        (replace(CAME, over_utc=ago(60), paused_utc=ago(70), heard_utc=None), S.OVER, ago(60)),
    ],
)
def test_a_card_says_where_the_page_is(seen: CardFacts, state: CardState, since: datetime | None) -> None:
    assert card_state(seen, NOW) == (state, since)


REFUSED = replace(NEW, camera="refused", camera_utc=ago(40))


@pytest.mark.parametrize(
    ("seen", "state", "since", "text"),
    [
        (
            REFUSED,
            S.OPENED,
            ago(40),
            "Page opened, no picture yet: the browser does not allow camera or microphone",
        ),
        (
            replace(REFUSED, camera="missing", opened_utc=ago(300), phase="waiting"),
            S.OPENED,
            ago(40),
            "Page opened, no picture yet: no camera or no microphone was found",
        ),
        (
            replace(CAME, camera="busy", camera_utc=ago(3), phase="silent", phase_utc=ago(9)),
            S.LOST,
            ago(9),
            "No picture: another program uses camera or microphone",
        ),
        (replace(CAME, camera="busy", camera_utc=ago(3)), S.CONNECTED, ago(200), "Connected"),  # it is back
        (replace(REFUSED, paused_utc=ago(9)), S.PAUSED, ago(9), "Paused"),
        (replace(REFUSED, heard_utc=None), S.UNKNOWN, None, "Not known: its node is silent"),
        (replace(REFUSED, over_utc=ago(1)), S.OVER, ago(1), "Over"),
    ],
)
def test_a_page_without_a_camera_is_no_page_that_reads_the_notice(
    seen: CardFacts, state: CardState, since: datetime | None, text: str
) -> None:
    told = card(seen, NOW)
    assert (told.state, told.since_utc, card_text(told)) == (state, since, text)
    assert (told.camera is not None) == (state in (S.OPENED, S.LOST))


def test_every_state_and_every_trouble_has_words() -> None:
    assert set(STATES) == set(CardState)
    assert set(CAMERA) == set(get_args(CameraTrouble))


@pytest.mark.parametrize(
    ("seen", "seconds", "share"),
    [
        (CAME, None, None),
        (replace(CAME, runs={"a/1": {"face": 8.0, "sound": 0.0}}), {"face": 8.0, "sound": 0.0}, 0.04),
        (replace(CAME, runs={"a/1": {"face": 8.0}, "b/1": {"face": 42.0}}), {"face": 50.0}, 0.25),
        (replace(CAME, runs={"a/1": {"face": 900.0}}), {"face": 900.0}, 1.0),
        (replace(CAME, over_utc=ago(100), runs={"a/1": {"face": 10.0}}), {"face": 10.0}, 0.1),
        (replace(NEW, runs={"a/1": {"face": 8.0}}), {"face": 8.0}, None),
        (replace(CAME, came_utc=NOW, runs={"a/1": {"face": 8.0}}), {"face": 8.0}, None),
    ],
)
def test_a_card_says_how_much_nobody_watched(
    seen: CardFacts, seconds: dict[str, float] | None, share: float | None
) -> None:
    told: Card = card(seen, NOW)
    assert (told.unwatched_s, told.unwatched_share) == (seconds, share)

"""Pictures in bursts: an empty chair is not hidden by a sender that is silent between them.

The mean rate is a camera's, no gap is long enough for a stall, and yet nobody looks most of the time.
"""

from __future__ import annotations

from pathlib import Path

import pytest

from shared.events.types import EventType
from shared.policy.schema import Policy
from shared.rehearsal import Kind
from shared.unwatched import Kind as Watched
from tests.support.films import film, in_bursts
from tests.support.whole import Whole, wait_until

pytestmark = pytest.mark.weights

HONEST_S = 6.0
GONE_S = 15.0
GOES: tuple[tuple[Kind, float], ...] = (("honest", HONEST_S), ("empty_chair", GONE_S))
FOUND_WITHIN_S = Policy().rule(EventType.FACE_NOT_FOUND).hold_s + 3.0
"""The hold of an absent face, and what a gap may add to it."""


def test_who_leaves_between_bursts_of_pictures_is_found_and_the_gaps_are_told(
    site: Whole, tmp_path: Path
) -> None:
    goes = film(tmp_path / "goes.mkv", *GOES)
    seated = []
    for every_s in (2.2, 2.6):
        attack = in_bursts(goes, tmp_path / f"{every_s}.mkv", from_s=HONEST_S, every_s=every_s)
        session = site.start(f"CAND-bursts-{every_s}")
        seated.append((session, site.stream(session, attack)))
    for session, candidate in seated:
        assert candidate.process.wait(90) == 0, candidate.log_tail()
        site.client.sessions.end(session.session_id)
        wait_until(lambda: site.metric("outbox_depth", lane="conduct") == 0, "an empty outbox")
        found = {alert.event_type: alert for alert in site.alerts(session)}
        absent, unwatched = found[EventType.FACE_NOT_FOUND], found[EventType.UNWATCHED]
        assert (absent.raised - absent.onset).total_seconds() <= FOUND_WITHIN_S
        assert unwatched.event_class == "technical"
        told = site.client.sessions.one(session.session_id).unwatched_s
        assert told is not None
        assert 0.4 * GONE_S < told[Watched.FACE] < 0.7 * GONE_S

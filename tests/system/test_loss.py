"""Candidates behind bad networks: a gap is never an absent candidate, and an absent one is still found."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from cli.programs import Program
from shared.api.sessions import SessionStartResponse
from shared.events.types import EventType
from shared.rehearsal import Kind
from tests.support.films import film
from tests.support.weights import faces_label
from tests.support.whole import Whole, wait_until

pytestmark = pytest.mark.weights

LOSSY = ("--loss", "0.03", "--delay-ms", "30")
HONEST_S = 32.0
FACES_HZ = 5
LEAVING: tuple[tuple[Kind, float], ...] = (("honest", 6), ("empty_chair", 12), ("honest", 3))
ABSENCE = {EventType.FACE_NOT_FOUND, EventType.LEFT_FRAME, EventType.PRESENCE_LOSS}


def over(site: Whole, candidate: Program, session: SessionStartResponse) -> tuple[int, int]:
    """Wait for a candidate's end and end the session; how many packets went out, and how many were lost."""
    wait_until(lambda: candidate.process.poll() is not None, "the recording's end")
    assert candidate.process.returncode == 0, candidate.log_tail()
    site.client.sessions.end(session.session_id)
    wait_until(lambda: site.metric("outbox_depth", lane="conduct") == 0, "an empty outbox")
    sent, lost = (re.findall(r": (\d+)", part) for part in candidate.log.read_text().split("lost"))
    return sum(map(int, sent)), sum(map(int, lost))


def test_an_honest_candidate_is_never_absent_for_want_of_packets(site: Whole, tmp_path: Path) -> None:
    looks_before = site.metric("frames_processed_total", model=faces_label())
    seated = []
    for fps in (5, 15):
        recording = film(tmp_path / f"{fps}.mkv", ("honest", HONEST_S), frames_per_s=fps)
        session = site.start(f"CAND-honest-{fps}")
        seated.append((session, site.stream(session, recording, *LOSSY, "--seed", str(fps))))
    for session, candidate in seated:
        sent, lost = over(site, candidate, session)
        assert 0.015 < lost / sent < 0.045
        assert set(site.seen(session)) & ABSENCE == set()
    # It was looked at all the while: silence of a node that sees nothing would prove nothing.
    looks = site.metric("frames_processed_total", model=faces_label()) - looks_before
    assert looks > 0.7 * len(seated) * HONEST_S * FACES_HZ


def test_who_leaves_under_the_same_loss_is_found(site: Whole, tmp_path: Path) -> None:
    seated = []
    for fps in (5, 15):
        leaves = film(tmp_path / f"{fps}.mkv", *LEAVING, frames_per_s=fps)
        session = site.start(f"CAND-gone-{fps}")
        seated.append((session, site.stream(session, leaves, *LOSSY, "--seed", str(fps))))
    for session, candidate in seated:
        _, lost = over(site, candidate, session)
        assert lost > 0
        assert {EventType.FACE_NOT_FOUND, EventType.LEFT_FRAME} <= set(site.seen(session))
        assert EventType.STREAM_STALLED not in site.seen(session)


def test_an_outage_is_a_stall_and_nobody_is_missed(site: Whole, tmp_path: Path) -> None:
    stays = film(tmp_path / "stays.mkv", ("honest", 24))
    session = site.start("CAND-cut-off")
    over(site, site.stream(session, stays, "--outage", "8:16"), session)
    [stall] = [each for each in site.alerts(session) if each.event_type == EventType.STREAM_STALLED]
    assert stall.cleared is not None
    assert 6 < stall.duration < 12
    assert set(site.seen(session)) & ABSENCE == set()

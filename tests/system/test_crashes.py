"""Programs killed in the middle of an exam: every alert is stored, and stored once."""

from __future__ import annotations

import json
import shutil
import sqlite3
from collections import Counter
from contextlib import closing
from pathlib import Path

import pytest
from websockets.sync.client import connect
from websockets.typing import Subprotocol

from shared.api.sessions import SessionStartResponse
from shared.events.types import EventType
from tests.support.films import film
from tests.support.weights import faces_label
from tests.support.whole import Whole, wait_until

pytestmark = [pytest.mark.weights, pytest.mark.chaos]

ABSENT, LEFT = EventType.FACE_NOT_FOUND, EventType.LEFT_FRAME
VISITED, SPOKE = EventType.MULTIPLE_FACES, EventType.VOICE_DETECTED


def waiting(site: Whole, lane: str = "conduct") -> float:
    return site.metric("outbox_depth", lane=lane)


def settled(site: Whole) -> None:
    """Everything that was committed at the node is covered by the coordinator's marks."""
    wait_until(lambda: waiting(site) + waiting(site, "technical") == 0, "an empty outbox")


def in_outbox(site: Whole, copy: Path) -> set[str]:
    """Alerts in a dead node's outbox that no mark covers; read from a copy, for the file is the node's."""
    copy.mkdir()
    for part in (site.prepared.folder / "edge").glob("outbox*"):
        shutil.copy(part, copy)
    [file] = copy.glob("outbox*.db")
    with closing(sqlite3.connect(file)) as db:
        return {alert_id for (alert_id,) in db.execute("SELECT alert_id FROM alert")}


def once(site: Whole, session: SessionStartResponse) -> list[EventType]:
    """The conduct alerts of a session, after holding that the node kept nothing back and none is doubled.

    Without MULTIPLE_PERSONS, which says a visitor once more where a network for things is at hand.
    """
    settled(site)
    stored = site.alerts(session)
    assert len({alert.event_id for alert in stored}) == len(stored)
    assert site.rows()["refused_alerts"] == 0
    conduct = [alert.event_type for alert in stored if alert.event_class == "conduct"]
    return sorted(event for event in conduct if event is not EventType.MULTIPLE_PERSONS)


@pytest.fixture(scope="module")
def leaves(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A candidate who leaves."""
    return film(tmp_path_factory.mktemp("films") / "leaves.mkv", ("honest", 1.5), ("empty_chair", 11))


@pytest.mark.parametrize("hub", ["away", "silent"])
def test_a_node_killed_between_outbox_and_acknowledgement(
    site: Whole, leaves: Path, hub: str, tmp_path: Path
) -> None:
    session = site.start(f"CAND-{hub}")
    candidate = site.stream(session, leaves)
    wait_until(lambda: site.metric("active_exam_sessions") == 1, "the session")
    wait_until(lambda: site.metric("frames_processed_total", model=faces_label()) > 3, "frames")
    if hub == "away":
        site.kill("nats-server")
    else:
        site.freeze("nats-server")  # takes what is sent into its socket, and acknowledges nothing
    wait_until(lambda: waiting(site) >= 1, "an alert in the outbox")
    site.kill("proctor-edge")
    candidate.stop()
    kept = in_outbox(site, tmp_path / "copy")
    assert kept
    assert site.alerts(session) == []
    if hub == "away":
        site.restart("nats-server")
    else:
        site.thaw("nats-server")
    site.restart("proctor-edge")
    wait_until(lambda: len(site.alerts(session)) >= len(kept), "the kept alerts")
    once(site, session)
    assert {alert.event_id for alert in site.alerts(session)} == kept


def test_the_hub_killed_for_20_seconds_of_a_session(site: Whole, tmp_path: Path) -> None:
    recording = film(
        tmp_path / "exam.mkv",
        ("honest", 1.5), ("second_face", 6), ("empty_chair", 11), ("honest", 11), ("voice", 6), ("honest", 1),
    )  # fmt: skip
    before = {event: site.metric("alerts_generated_total", event_type=event) for event in EventType}
    session = site.start("CAND-outage")
    candidate = site.stream(session, recording)
    wait_until(lambda: VISITED in site.seen(session), "the alert before the outage")
    site.kill("nats-server")
    with pytest.raises(AssertionError):  # 20 s without a hub: the exam goes on, its alerts wait
        wait_until(lambda: waiting(site) == 0 and candidate.process.poll() is not None, "", within_s=20)
    assert waiting(site) >= 2
    site.restart("nats-server")
    wait_until(lambda: candidate.process.poll() is not None, "the recording's end")
    assert candidate.process.returncode == 0, candidate.log_tail()
    site.client.sessions.end(session.session_id)
    assert once(site, session) == sorted([VISITED, ABSENT, LEFT, SPOKE])
    raised = {event: site.metric("alerts_generated_total", event_type=event) for event in EventType}
    new = {event: count - before[event] for event, count in raised.items() if count > before[event]}
    timeline = site.client.alerts.timeline(session.session_id).items
    assert new == Counter(item.event_type for item in timeline if item.metadata["models"])


def test_the_coordinator_killed_while_alerts_come_in(site: Whole, tmp_path: Path) -> None:
    recording = film(tmp_path / "exam.mkv", ("second_face", 7), ("honest", 2), ("empty_chair", 10))
    session = site.start("CAND-coordinator")
    ticket = site.client.devices.socket_ticket(session.session_id).ticket
    candidate = site.stream(session, recording)
    with connect(
        f"{session.websocket_url}?ticket={ticket}", subprotocols=[Subprotocol("proctor.v1")]
    ) as live:
        while json.loads(live.recv(timeout=40))["type"] != "alert":
            pass
        site.kill("proctor-coordinator")  # it has committed; whether it has acknowledged, nobody knows
    wait_until(lambda: candidate.process.poll() is not None, "the recording's end")
    wait_until(lambda: waiting(site) >= 3, "alerts that no mark covers")
    stored = site.rows()["alerts"]
    site.restart("proctor-coordinator")
    wait_until(lambda: site.rows()["alerts"] > stored, "the backlog")
    site.kill("proctor-coordinator")
    site.restart("proctor-coordinator")
    wait_until(site.online, "the node is online")
    site.client.sessions.end(session.session_id)
    assert once(site, session) == sorted([VISITED, ABSENT, LEFT])
    assert all(alert.cleared is not None for alert in site.alerts(session))

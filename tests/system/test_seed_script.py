"""The seed's script 10.3, shortened in time and whole in everything else.

Five pictures enroll a candidate; the session starts by API; the candidate's browser joins with the one-time
code, acknowledges the notice and streams over WebRTC while somebody else takes the seat, the candidate looks
away and leaves; a program outside listens. Two people review what came of it; the session ends, and nothing
of it stays behind.
"""

from __future__ import annotations

import base64
import json
import sqlite3
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any, Final
from urllib.parse import urlsplit

import httpx
import psutil
import pytest
from websockets.sync.client import ClientConnection, connect
from websockets.typing import Subprotocol

from cli.client import Client
from edge.media.signaling import PROTOCOL, TOKEN_PREFIX
from edge.rehearsal.make import enrollment_pictures
from shared.api.alerts import AlertOut
from shared.api.enrollments import EnrollImage, EnrollRequest
from shared.api.incidents import CommentRequest, ConfirmRequest, DismissRequest, IncidentOut
from shared.api.sessions import SessionStartResponse
from shared.api.tokens import TokenRequest
from shared.errors import Rejected
from shared.events.types import EventType
from tests.scenarios.acts import ACTS
from tests.scenarios.camera import Shot
from tests.scenarios.exams import Plan, Turn as Staged, make
from tests.scenarios.heads import fitter
from tests.scenarios.noises import library
from tests.scenarios.performers import performers
from tests.scenarios.staging import Cast
from tests.support.devices import Device
from tests.support.whole import ACKNOWLEDGED, EXAM, Whole, wait_until

pytestmark = [pytest.mark.weights, pytest.mark.timeout(600)]

CANDIDATE: Final = "CAND-seed"
LEAD_S = 32.0
PAUSE_S = 16.0
"""What lies within 10 s of one another is one incident; 3 s more pass until a match is believed again."""
SWAP, AWAY, LEAVE = "somebody else takes the seat", "head turned away", "leaving the seat"
SCRIPT: Final = (SWAP, AWAY, LEAVE)
AWAY_EVENTS: Final = frozenset(
    {EventType.HEAD_TURNED_AWAY, EventType.GAZE_OFF_SCREEN, EventType.PROLONGED_LOOK_AWAY}
)
LATE_S: Final = 2.0
"""How far outside its act an onset still counts as its own."""


@dataclass
class Exam:
    """One run of the script, as it went."""

    site: Whole
    session: SessionStartResponse
    staged: dict[str, Staged]
    began_utc: datetime
    heard: list[dict[str, Any]] = field(default_factory=list)
    """By the program outside, as it came."""

    def within(self, alert: AlertOut, act: str) -> bool:
        """Whether the alert's onset lies in an act."""
        onset_s = (alert.onset - self.began_utc).total_seconds()
        return self.staged[act].begins_s - LATE_S <= onset_s <= self.staged[act].ends_s + LATE_S

    def judged(self) -> list[AlertOut]:
        """What was said about the candidate."""
        return [one for one in self.site.alerts(self.session) if one.event_class in ("conduct", "identity")]


def test_the_seeds_exam_from_enrollment_to_a_clean_node(site: Whole, tmp_path: Path) -> None:
    recording, staged = film_script(tmp_path)
    node = psutil.Process(site.pid("proctor-edge"))
    sockets = len(node.net_connections("udp"))
    enroll(site, tmp_path)
    session = site.start(CANDIDATE)
    token = join(session)
    exam = play(site, session, staged, recording, token)
    check_alerts(exam)
    ends(exam, token)
    review(exam)
    check_clean(exam, node, sockets, token)


def film_script(folder: Path) -> tuple[Path, dict[str, Staged]]:
    """The recording, and when which act is in it."""
    one, other = performers(None, seed=1)
    turns, at_s = [], LEAD_S
    for act in (next(act for act in ACTS if act.behaviour == name) for name in SCRIPT):
        turns.append(Staged(act, at_s, at_s + act.lasts_s, twin=False))
        at_s += act.lasts_s + PAUSE_S
    plan = Plan(
        name="seed",
        cast=Cast(one, other, fitter()),
        shot=Shot(),
        turns=tuple(turns),
        duration_s=at_s,
        seed=1,
    )
    return make(plan, folder, library(None)), {turn.act.behaviour: turn for turn in turns}


def enroll(site: Whole, folder: Path) -> None:
    """Five pictures; every one has its own answer."""
    pictures = [base64.b64encode(path.read_bytes()).decode() for path in enrollment_pictures(folder)]
    images = [EnrollImage(image_base64=text) for text in pictures]
    answer = site.client.enrollments.add(
        EnrollRequest(candidate_id=CANDIDATE, exam_id=EXAM, images=images, acknowledged=ACKNOWLEDGED)
    )
    assert (answer.status, answer.average_embedding_stored) == ("success", True)
    assert [one.failed for one in answer.embeddings] == [[]] * 5
    assert sum(one.selected for one in answer.embeddings) == 3


def join(session: SessionStartResponse) -> str:
    """What the candidate's page does first; the token it gets."""
    origin, code = session.join_url.split("/join#")
    with httpx.Client(base_url=f"{origin}/api/v1") as page:
        seen, device = page.post("/join/look", json={"code": code}).json(), Device()
        proof = device.proof(seen["session_uuid"], seen["challenge"])
        joined = page.post("/join", json={"code": code, "device": proof})
        assert joined.status_code == 200, joined.text
        assert page.post("/join", json={"code": code, "device": proof}).status_code == 409
        token, notice = str(joined.json()["session_token"]), joined.json()["notice"]
        said = {"notice_version": notice["version"], "purposes": notice["purposes"]}
        path, bearer = f"/session/{session.session_id}/acknowledge", {"Authorization": f"Bearer {token}"}
        assert page.post(path, json=said, headers=bearer).status_code == 204
    return token


def play(
    site: Whole, session: SessionStartResponse, staged: dict[str, Staged], recording: Path, token: str
) -> Exam:
    """Stream it, and listen meanwhile as the institution's program does."""
    ticket = site.client.devices.socket_ticket(session.session_id).ticket
    secret, log = recording.with_suffix(".token"), recording.with_suffix(".log")
    secret.touch(mode=0o600)
    secret.write_text(token)
    program = Path(sys.executable).with_name("proctor-edge")
    command: list[str | Path] = [program, "simulate-candidate", recording]
    with (
        connect(f"{session.websocket_url}?ticket={ticket}", subprotocols=[Subprotocol("proctor.v1")]) as live,
        log.open("wb") as output,
        subprocess.Popen(
            [*command, "--signaling-url", session.signaling_url, "--token-file", secret],
            stdout=output,
            stderr=subprocess.STDOUT,
        ) as candidate,
    ):
        try:
            heard = list(listen(live, candidate))
        finally:
            candidate.kill()
    assert candidate.returncode == 0, log.read_text()
    line = next(line for line in log.read_text().splitlines() if "streaming_since_utc" in line)
    began = datetime.fromisoformat(json.loads(line)["streaming_since_utc"])
    return Exam(site, session, staged, began, heard)


def listen(live: ClientConnection, candidate: subprocess.Popen[bytes]) -> Iterator[dict[str, Any]]:
    """Everything until the candidate is through, and a little longer."""
    ends_at: float | None = None
    while ends_at is None or time.monotonic() < ends_at:
        if ends_at is None and candidate.poll() is not None:
            ends_at = time.monotonic() + 3.0
        try:
            yield json.loads(live.recv(timeout=0.25))
        except TimeoutError:
            continue


def check_alerts(exam: Exam) -> None:
    """Each act was found in its place, nothing else was, and all of it reached the program outside."""
    wait_until(lambda: exam.site.metric("outbox_depth", lane="conduct") == 0, "an empty outbox")
    alerts = exam.judged()
    found = {act: {a.event_type for a in alerts if exam.within(a, act)} for act in SCRIPT}
    assert EventType.FACE_MISMATCH in found[SWAP], found
    assert found[AWAY] & AWAY_EVENTS, found
    assert {EventType.FACE_NOT_FOUND, EventType.LEFT_FRAME} <= found[LEAVE], found
    acts = {turn.act.behaviour: {*turn.act.wanted, *turn.act.allowed} for turn in exam.staged.values()}
    strange = [
        a for a in alerts if not any(exam.within(a, act) and a.event_type in acts[act] for act in acts)
    ]
    assert strange == []
    mismatch = next(alert for alert in alerts if alert.event_type is EventType.FACE_MISMATCH)
    assert mismatch.evidence["current_similarity"] < mismatch.evidence["threshold"] == 0.75  # type: ignore[operator]
    assert mismatch.evidence_thumbnail is not None
    heard = {one["event_id"] for one in exam.heard if one["type"] == "alert"}
    assert {alert.event_id for alert in alerts} <= heard
    assert any(one["type"] == "heartbeat" for one in exam.heard)


def ends(exam: Exam, token: str) -> None:
    """Handed in by the candidate; the live socket of a proctor hears of it and is closed."""
    client, session = exam.site.client, exam.session
    ticket = client.devices.socket_ticket(session.session_id).ticket
    url = f"{session.websocket_url}?ticket={ticket}"
    with connect(url, subprotocols=[Subprotocol("proctor.v1")]) as live:
        with Client(site_url(session), token) as candidate:
            assert candidate.sessions.end(session.session_id).status == "ended"
        last = [json.loads(text) for text in live]  # until it is closed
    assert last[-1]["status"] == "ended", last
    assert client.sessions.one(session.session_id).status == "ended"
    happened = {item.event_type for item in client.alerts.timeline(session.session_id).items}
    assert {EventType.SUBMITTED, EventType.SESSION_ENDED} <= happened


def review(exam: Exam) -> None:
    """Two people by API: one verdict takes both of them, the other is dismissed by one."""
    site = exam.site
    filters = {"exam_session_id": exam.session.session_id}
    incidents = site.client.incidents.listed(filters, 100)
    swap = of(incidents, EventType.FACE_MISMATCH)
    away = next(i for i in incidents if AWAY_EVENTS & set(i.event_types) and i is not swap)
    left = of(incidents, EventType.LEFT_FRAME)
    assert len({swap.incident_id, away.incident_id, left.incident_id}) == 3
    counted = sum(incident.alert_count for incident in incidents)
    assert counted == len(exam.judged())
    with person(site, "ann") as ann, person(site, "bob") as bob:
        ann.incidents.review(swap.incident_id, "claim")
        with pytest.raises(Rejected):
            bob.incidents.review(swap.incident_id, "confirm", ConfirmRequest())
        first = ann.incidents.review(
            swap.incident_id, "confirm", ConfirmRequest(text="Somebody else answers.")
        )
        assert first.state == "seconding"
        with pytest.raises(Rejected):
            ann.incidents.review(swap.incident_id, "confirm", ConfirmRequest())
        assert bob.incidents.review(swap.incident_id, "confirm", ConfirmRequest()).state == "confirmed"
        bob.incidents.review(away.incident_id, "comment", CommentRequest(text="At the window."))
        reason = DismissRequest(reason="harmless", text="A bird.")
        assert bob.incidents.review(away.incident_id, "dismiss", reason).state == "dismissed"
        history = bob.incidents.one(swap.incident_id).history
    told = [f"{one.by} {one.act}" for one in history]
    assert told == ["ann claim", "ann confirm", "bob confirm"]


def of(incidents: list[IncidentOut], event: EventType) -> IncidentOut:
    """The incident with such an event in it."""
    return next(incident for incident in incidents if event in incident.event_types)


def person(site: Whole, name: str) -> Client:
    """A proctor's own connection."""
    token = site.client.tokens.create(TokenRequest(subject=name, role="proctor")).token
    return Client(site.prepared.coordinator_url, token)


def site_url(session: SessionStartResponse) -> str:
    """Where the coordinator is, as the candidate's link says."""
    parts = urlsplit(session.join_url)
    return f"{parts.scheme}://{parts.netloc}"


def check_clean(exam: Exam, node: psutil.Process, sockets: int, token: str) -> None:
    """The peer and its sockets are gone, the keys are those that stay, and the token opens nothing more."""
    site, session = exam.site, exam.session
    wait_until(lambda: site.metric("active_exam_sessions") == 0, "the session gone from its node")
    wait_until(lambda: len(node.net_connections("udp")) <= sockets, "its UDP sockets closed")
    protocols = [Subprotocol(PROTOCOL), Subprotocol(TOKEN_PREFIX + token)]
    with connect(session.signaling_url, subprotocols=protocols) as signaling:
        said = json.loads(signaling.recv(timeout=10))
    assert (said["type"], 400 <= said["status"] < 500) == ("error", True), said
    with Client(site_url(session), token) as candidate, pytest.raises(Rejected) as refused:
        candidate.devices.socket_ticket(session.session_id)
    assert (refused.value.status, refused.value.code) == (401, "session-ended")
    # They die with their retention, not with the session.
    assert living_keys(site) == {"template", "exam", "evidence"}
    site.client.enrollments.erase(CANDIDATE)
    assert living_keys(site) == {"exam", "evidence"}


def living_keys(site: Whole) -> set[str]:
    """Classes of the candidate's keys that are not destroyed."""
    path = site.prepared.folder / "coordinator" / "coordinator.db"
    wanted = (
        "SELECT retention_class FROM keys JOIN candidates ON candidates.id = keys.candidate_id"
        " WHERE reference = ? AND destroyed_utc IS NULL"
    )
    with closing(sqlite3.connect(f"file:{path}?mode=ro", uri=True)) as db:
        return {row[0] for row in db.execute(wanted, (CANDIDATE,))}

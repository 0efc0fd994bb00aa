"""What sockets say to whom, who is dropped, and tickets."""

import base64
import json
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID, uuid4

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from coordinator.live.messages import heartbeat, staff_message
from coordinator.live.rooms import (
    MAX_LISTENERS_PER_BEARER,
    MAX_LISTENERS_PER_SESSION,
    MAX_OWN_LISTENERS,
    QUEUE_MESSAGES,
    Listener,
    Rooms,
)
from coordinator.live.tickets import LIFETIME_S, Tickets, ticket_key
from coordinator.live.told import AlertTold, DeviceReplaced, NodeChanged, SessionOver, Told
from shared.alerts import Alert, Shown
from shared.errors import Rejected, Unavailable
from shared.events.table import event_class
from shared.events.types import Action, EventType
from shared.messages.heartbeats import SessionState
from shared.policy.rules import DEFAULT_RULES
from shared.tokens import Claims, Role
from shared.unwatched import Kind

NOW = datetime(2026, 11, 22, 14, 20, 15, tzinfo=UTC)
SESSION = UUID("01939000-0000-7000-8000-000000000001")
TOKEN_KEY = Ed25519PrivateKey.generate()
CLAIMS = Claims(subject="CAND-1", role=Role.CANDIDATE, tenant_id=uuid4(), session_id=SESSION)


def alert(event: EventType, **fields: Any) -> Alert:
    rule = DEFAULT_RULES.get(event)
    return Alert.model_validate(
        {
            "event_id": uuid4(),
            "event_type": event,
            "event_class": event_class(event),
            "severity_score": rule.severity if rule else 0.0,
            "confidence": 0.987,
            "exam_session_id": "SESS-1",
            "candidate_id": "CAND-1",
            "exam_id": "EXAM-1",
            "onset": NOW,
            "raised": NOW,
            "duration": 3.0,
            "evidence": {"similarity": 0.123, "threshold": 0.75},
            "explanation": "No face for 5.2 s (bound 5 s).",
            "metadata": {
                "node": uuid4(),
                "region": "campus",
                "models": {},
                "device": "cpu",
                "policy_version": 1,
                "degradation_level": 1,
                "trace_id": "0" * 32,
            },
            "action_required": rule.action if rule else Action.NONE,
            "message": "Please come back into the picture.",
            **fields,
        }
    )


def test_staff_get_the_seeds_alert() -> None:
    message = staff_message(Shown(alert(EventType.MULTIPLE_FACES), b"jpeg"), 1)
    assert set(message) == {
        "type", "event_id", "exam_session_id", "event_type", "severity_score", "timestamp", "message",
        "action_required", "evidence_thumbnail", "dismiss_after_seconds",
    }  # fmt: skip
    assert (message["type"], message["timestamp"]) == ("alert", "2026-11-22T14:20:15.000Z")


def test_staff_learn_when_it_is_over() -> None:
    message = staff_message(Shown(alert(EventType.FACE_NOT_FOUND, cleared=NOW, duration=7.25)), 2)
    assert (message["type"], message["duration_seconds"]) == ("cleared", 7.25)
    told = alert(EventType.FACE_NOT_FOUND)
    assert (message["explanation"], message["evidence"]) == (told.explanation, told.evidence)  # of the end


def test_heartbeats_have_the_seeds_form_and_hide_the_count_from_the_candidate() -> None:
    state = SessionState(
        session_id=SESSION,
        epoch=1,
        phase="watching",
        frames_processed=18_450,
        alerts_triggered=3,
        last_verified_utc=NOW,
    )
    staff = heartbeat("SESS-1", state, for_staff=True)
    assert staff == {
        "type": "heartbeat",
        "session_id": "SESS-1",
        "status": "active",
        "paused": None,
        "stats": {
            "frames_processed": 18_450,
            "alerts_triggered": 3,
            "last_face_verification": "2026-11-22T14:20:15.000Z",
        },
    }
    assert "alerts_triggered" not in heartbeat("SESS-1", state, for_staff=False)["stats"]
    state = state.model_copy(update={"unwatched_s": {Kind.FACE: 4.5}})
    assert heartbeat("SESS-1", state, for_staff=True)["stats"]["unwatched_s"] == {"face": 4.5}
    assert "unwatched_s" not in heartbeat("SESS-1", state, for_staff=False)["stats"]
    assert heartbeat("SESS-1", None, for_staff=True)["stats"]["frames_processed"] is None


def listener(session_id: UUID = SESSION, bearer: str = "ann", *, for_staff: bool = True) -> Listener:
    return Listener(session_id, "SESS-1", bearer, for_staff)


def waiting(one: Listener) -> list[str | None]:
    return [one.messages.get_nowait() for _ in range(one.messages.qsize())]


def test_an_alert_reaches_its_own_room_in_the_form_for_each() -> None:
    rooms = Rooms()
    staff, candidate = listener(), listener(for_staff=False)
    other = listener(uuid4())
    for one in (staff, candidate, other):
        rooms.enter(one)
    rooms.tell(SESSION, Shown(alert(EventType.FACE_NOT_FOUND)), 1)
    rooms.tell(SESSION, Shown(alert(EventType.FACE_MISMATCH)), 1)
    assert [json.loads(text or "")["event_type"] for text in waiting(staff)] == [
        "FACE_NOT_FOUND",
        "FACE_MISMATCH",
    ]
    assert [json.loads(text or "")["type"] for text in waiting(candidate)] == ["notice"]
    assert waiting(other) == []


def test_a_listener_that_does_not_keep_up_is_lost_and_the_others_are_not() -> None:
    rooms = Rooms()
    slow, quick = listener(), listener()
    rooms.enter(slow)
    rooms.enter(quick)
    for _ in range(QUEUE_MESSAGES + 5):
        rooms.tell(SESSION, Shown(alert(EventType.FACE_NOT_FOUND)), 1)
        waiting(quick)
    assert (slow.lost.is_set(), quick.lost.is_set(), rooms.slow) == (True, False, 1)
    assert slow.messages.qsize() == QUEUE_MESSAGES


def test_the_end_of_a_session_is_said_last() -> None:
    rooms = Rooms()
    candidate = listener(for_staff=False)
    rooms.enter(candidate)
    rooms.end(SESSION)
    last, stop = waiting(candidate)
    assert json.loads(last or "")["status"] == "ended"
    assert stop is None


def test_a_room_has_a_bound_and_room_again_after_one_left() -> None:
    rooms = Rooms()
    listeners = [listener() for _ in range(MAX_LISTENERS_PER_SESSION)]
    for one in listeners:
        rooms.enter(one)
    with pytest.raises(Unavailable):
        rooms.enter(listener())
    rooms.leave(listeners[0])
    rooms.enter(listener())
    assert rooms.listeners == MAX_LISTENERS_PER_SESSION


def test_one_bearer_leaves_room_for_others() -> None:
    rooms = Rooms()
    for _ in range(MAX_LISTENERS_PER_BEARER):
        rooms.enter(listener(uuid4()))
    with pytest.raises(Unavailable):
        rooms.enter(listener(uuid4()))
    rooms.enter(listener(uuid4(), "bob"))
    assert rooms.listeners == MAX_LISTENERS_PER_BEARER + 1


def test_proctors_who_fill_a_room_do_not_keep_its_candidate_out() -> None:
    rooms = Rooms()
    for _ in range(MAX_LISTENERS_PER_SESSION):
        rooms.enter(listener())
    rooms.enter(listener(for_staff=False))
    assert rooms.candidate_listens(SESSION)


def test_a_ticket_is_opened_by_every_coordinator_with_the_same_keys() -> None:
    one, other = Tickets(ticket_key(TOKEN_KEY)), Tickets(ticket_key(TOKEN_KEY))
    full = replace(CLAIMS, device=3, expires_utc=NOW, issued_utc=NOW, token_id=uuid4(), key_id="a key")
    opened = other.open(one.issue(full, "SESS-1", NOW), "SESS-1", NOW)
    assert (opened.claims, opened.expires_utc) == (full, NOW + timedelta(seconds=LIFETIME_S))
    hidden = ("expires_utc", "issued_utc", "token_id", "key_id")
    assert [getattr(opened.claims, name) for name in hidden] == [getattr(full, name) for name in hidden]


def test_a_ticket_shows_nothing_of_its_bearer() -> None:
    text = Tickets(ticket_key(TOKEN_KEY)).issue(CLAIMS, "SESS-1", NOW)
    assert CLAIMS.subject.encode() not in base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))


@pytest.mark.parametrize(
    "spoilt", ["late", "another session", "another key", "changed", "never issued", "é" * 40]
)
def test_a_ticket_is_good_for_its_session_and_its_time_only(spoilt: str) -> None:
    tickets = Tickets(ticket_key(TOKEN_KEY))
    text, reference, now = tickets.issue(CLAIMS, "SESS-1", NOW), "SESS-1", NOW
    match spoilt:
        case "late":
            now += timedelta(seconds=LIFETIME_S)
        case "another session":
            reference = "SESS-2"
        case "another key":
            tickets = Tickets(ticket_key(Ed25519PrivateKey.generate()))
        case "changed":
            text = text[:-2] + ("A" if text[-2] != "A" else "B") + text[-1]
        case _:
            text = spoilt
    with pytest.raises(Rejected) as refused:
        tickets.open(text, reference, now)
    assert (refused.value.status, refused.value.code) == (401, "ticket-invalid")


def test_what_is_told_here_is_told_to_the_others_by_id_alone() -> None:
    rooms, told = Rooms(), list[Told]()
    rooms.spread = told.append
    staff = listener()
    rooms.enter(staff)
    one = alert(EventType.FACE_NOT_FOUND)
    rooms.tell(SESSION, Shown(one), 2)
    rooms.move(SESSION, 4)
    rooms.reroute(SESSION)
    rooms.end(SESSION)
    assert told == [
        AlertTold(session_id=SESSION, alert_id=one.event_id, revision=2),
        DeviceReplaced(session_id=SESSION, device=4),
        NodeChanged(session_id=SESSION),
        SessionOver(session_id=SESSION),
    ]
    rooms.tell_here(SESSION, Shown(one), 2)
    rooms.move_here(SESSION, 4)
    rooms.reroute_here(SESSION)
    rooms.end_here(SESSION)
    assert len(told) == 4
    assert rooms.shows(SESSION)
    assert not rooms.shows(uuid4())


def test_of_a_candidates_own_sockets_the_newest_stay() -> None:
    rooms = Rooms()
    own = [listener(for_staff=False) for _ in range(MAX_OWN_LISTENERS + 2)]
    for one in own[:MAX_OWN_LISTENERS]:
        rooms.enter(one)
    assert not any(one.lost.is_set() for one in own)
    for one in own[MAX_OWN_LISTENERS:]:
        rooms.enter(one)
    assert [one.lost.is_set() for one in own] == [True, True, *MAX_OWN_LISTENERS * [False]]
    rooms.leave(own[0])
    rooms.leave(own[1])
    rooms.leave(own[-1])
    rooms.enter(listener(for_staff=False))
    assert not own[2].lost.is_set(), "there was room again"

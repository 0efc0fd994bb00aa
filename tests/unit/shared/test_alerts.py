"""The alert's schema: deterministic, bounded, able to say what the seed's examples say."""

from __future__ import annotations

import base64
import json
from datetime import UTC, datetime, timedelta, timezone
from typing import Any
from uuid import UUID

import pytest
from pydantic import ValidationError

from shared.alerts import (
    MAX_ALERT_BYTES,
    Alert,
    AlertMetadata,
    alert_id,
    decode_alert,
    encode_alert,
    seed_message,
)
from shared.errors import Corrupt
from shared.events.types import Action, EventClass, EventType

SESSION = UUID("018f3c1e-7b1a-7c00-8000-000000000001")
AT = datetime(2025, 12, 12, 14, 20, 15, tzinfo=UTC)
METADATA = AlertMetadata(
    node=UUID(int=7),
    region="eu-1",
    models={"faces": "detector@1"},
    device="cpu",
    policy_version=1,
    degradation_level=1,
    trace_id="0" * 32,
)


def alert(**changes: Any) -> Alert:
    values: dict[str, Any] = {
        "event_id": alert_id(SESSION, EventType.FACE_MISMATCH, 12.0),
        "event_type": EventType.FACE_MISMATCH,
        "event_class": EventClass.IDENTITY,
        "severity_score": 0.92,
        "confidence": 0.9,
        "exam_session_id": "SESS-EXAM-CS101-CAND-12345",
        "candidate_id": "CAND-2024-12345",
        "exam_id": "EXAM-CS101",
        "onset": AT,
        "raised": AT,
        "duration": 3.0,
        "evidence": {},
        "explanation": "Words.",
        "metadata": METADATA,
        "action_required": Action.WARNING,
        "message": "Words.",
    }
    return Alert(**(values | changes))


def test_the_seeds_mismatch_is_expressible() -> None:
    evidence = {
        "enrolled_embedding_id": "uuid",
        "current_similarity": 0.68,
        "threshold": 0.75,
        "frame_quality_score": 0.85,
        "consecutive_mismatches": 4,
    }
    body = json.loads(encode_alert(alert(evidence=evidence)))
    assert body["evidence"] == evidence
    assert (body["event_type"], body["severity_score"]) == ("FACE_MISMATCH", 0.92)


def test_the_seeds_departure_is_expressible() -> None:
    evidence = {"visible_keypoints": 5, "duration_seconds": 7.2, "last_seen_pose": "2025-12-12T14:20:08.000Z"}
    left = alert(
        event_type="LEFT_FRAME", event_class="conduct", severity_score=0.88, evidence=evidence, duration=7.2
    )
    assert json.loads(encode_alert(left))["evidence"] == evidence


def test_the_seeds_socket_message_is_expressible() -> None:
    thumbnail = "data:image/jpeg;base64,/9j/4AAQ"
    said = seed_message(alert(severity_score=0.72, message="Words.", evidence_thumbnail=thumbnail))
    assert set(said) == {
        "type", "event_id", "exam_session_id", "event_type", "severity_score", "timestamp", "message",
        "action_required", "evidence_thumbnail", "dismiss_after_seconds"}  # fmt: skip
    assert (said["type"], said["timestamp"], said["action_required"]) == (
        "alert", "2025-12-12T14:20:15.000Z", "warning")  # fmt: skip


def test_the_id_is_the_sessions_the_kinds_and_the_onsets_to_the_millisecond() -> None:
    first = alert_id(SESSION, EventType.LEFT_FRAME, 12.3456)
    assert first == alert_id(SESSION, EventType.LEFT_FRAME, 12.3464)
    assert first != alert_id(SESSION, EventType.LEFT_FRAME, 12.347)
    assert first != alert_id(SESSION, EventType.FACE_NOT_FOUND, 12.3456)
    assert first != alert_id(UUID(int=1), EventType.LEFT_FRAME, 12.3456)


def test_canonical_bytes_survive_a_round_trip_and_keys_are_in_order() -> None:
    data = encode_alert(alert(evidence={"b": 1, "a": [1, 2.5, None, "x"]}))
    assert encode_alert(decode_alert(data)) == data
    assert list(json.loads(data)) == sorted(json.loads(data))
    assert "cleared" not in json.loads(data)


def test_instants_are_written_in_utc_with_milliseconds() -> None:
    local = AT.astimezone(timezone(timedelta(hours=2)))
    body = json.loads(encode_alert(alert(onset=local, cleared=AT + timedelta(milliseconds=1500))))
    assert (body["onset"], body["cleared"]) == ("2025-12-12T14:20:15.000Z", "2025-12-12T14:20:16.500Z")


def test_a_thumbnail_that_makes_the_alert_too_large_is_left_out() -> None:
    picture = "data:image/jpeg;base64," + base64.b64encode(bytes(40_000)).decode()
    fits = alert(evidence_thumbnail=picture, evidence={"frames": "x" * 5_000})
    too_large = alert(evidence_thumbnail=picture, evidence={"frames": "x" * 20_000})
    assert "evidence_thumbnail" in json.loads(encode_alert(fits))
    without = encode_alert(too_large)
    assert len(without) <= MAX_ALERT_BYTES
    assert "evidence_thumbnail" not in json.loads(without)


def test_an_alert_too_large_without_a_thumbnail_is_refused_both_ways() -> None:
    with pytest.raises(Corrupt, match="exceeds"):
        encode_alert(alert(evidence={"frames": "x" * 70_000}))
    with pytest.raises(Corrupt, match="exceeds"):
        decode_alert(b" " * (MAX_ALERT_BYTES + 1))


@pytest.mark.parametrize(
    "changes",
    [
        {"event_class": "conduct"},
        {"event_type": "STREAM_STALLED", "event_class": "technical", "severity_score": 0.1},
        {"severity_score": 1.1},
        {"confidence": float("nan")},
        {"candidate_id": "a\x00b"},
        {"onset": datetime(2025, 12, 12)},  # noqa: DTZ001 — the point is that it has no zone
        {"evidence_thumbnail": "javascript:alert(1)"},
        {"duration": -1},
        {"emotion": "bored"},
    ],
)
def test_what_is_not_an_alert_is_refused(changes: dict[str, Any]) -> None:
    with pytest.raises(ValidationError):
        alert(**changes)


@pytest.mark.parametrize("data", [b"", b"null", b"{}", b"\xff", b"[" * 10_000, b'{"event_id": 7}'])
def test_bytes_that_are_no_alert_are_corrupt(data: bytes) -> None:
    with pytest.raises(Corrupt):
        decode_alert(data)

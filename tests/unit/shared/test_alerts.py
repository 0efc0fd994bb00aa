"""The alert's schema: deterministic, bounded, able to say what the seed's examples say."""

from __future__ import annotations

import base64
import hashlib
import json
from datetime import UTC, datetime, timedelta, timezone
from typing import Any
from uuid import UUID

import pytest
from pydantic import ValidationError

from shared.alerts import (
    MAX_SHOWN_BYTES,
    Alert,
    AlertMetadata,
    Shown,
    alert_id,
    decode_shown,
    encode_alert,
    encode_shown,
    seed_message,
)
from shared.canonical import canonical_json
from shared.errors import Corrupt
from shared.events.types import Action, EventClass, EventType
from shared.evidence import data_url, from_data_url, onset_picture

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
    shown = Shown(alert(severity_score=0.72, message="Words."), from_data_url(thumbnail))
    said = seed_message(shown)
    assert said["evidence_thumbnail"] == thumbnail
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
    assert encode_alert(decode_shown(data).alert) == data
    assert list(json.loads(data)) == sorted(json.loads(data))
    assert "cleared" not in json.loads(data)


def test_instants_are_written_in_utc_with_milliseconds() -> None:
    local = AT.astimezone(timezone(timedelta(hours=2)))
    body = json.loads(encode_alert(alert(onset=local, cleared=AT + timedelta(milliseconds=1500))))
    assert (body["onset"], body["cleared"]) == ("2025-12-12T14:20:15.000Z", "2025-12-12T14:20:16.500Z")


PICTURE = onset_picture(alert().event_id, b"\xff\xd8 a picture")


def test_an_alert_names_its_picture_by_id_and_hash_and_has_nothing_of_it_inside() -> None:
    made = alert(evidence_pictures=(PICTURE.ref,))
    data = encode_alert(made)
    assert json.loads(data)["evidence_pictures"] == [
        {
            "id": str(PICTURE.ref.id),
            "media_type": "image/jpeg",
            "sha256": hashlib.sha256(PICTURE.jpeg).hexdigest(),
        }
    ]
    assert base64.b64encode(PICTURE.jpeg)[:8] not in data
    assert decode_shown(data).alert == made


def test_what_is_shown_to_people_has_the_picture_in_it_and_comes_back() -> None:
    shown = Shown(alert(evidence_pictures=(PICTURE.ref,)), PICTURE.jpeg)
    data = encode_shown(shown)
    assert json.loads(data)["evidence_thumbnail"] == data_url(PICTURE.jpeg)
    assert decode_shown(data) == shown
    without = Shown(shown.alert)
    assert decode_shown(encode_shown(without)) == without


def test_an_alert_of_version_1_is_read_and_names_the_picture_it_had_inside() -> None:
    before = json.loads(encode_alert(alert())) | {"schema_version": "proctor.alert/1"}
    del before["evidence_pictures"]
    plain = decode_shown(canonical_json(before))
    assert plain == Shown(alert())
    shown = decode_shown(canonical_json(before | {"evidence_thumbnail": data_url(PICTURE.jpeg)}))
    assert shown == Shown(alert(evidence_pictures=(PICTURE.ref,)), PICTURE.jpeg)
    for wrong in ("javascript:alert(1)", "data:image/jpeg;base64,?", 7):
        with pytest.raises(Corrupt):
            decode_shown(canonical_json(before | {"evidence_thumbnail": wrong}))


def test_an_alert_that_is_too_large_is_refused_both_ways() -> None:
    with pytest.raises(Corrupt, match="exceeds"):
        encode_alert(alert(evidence={"frames": "x" * 70_000}))
    with pytest.raises(Corrupt, match="exceeds"):
        decode_shown(b" " * (MAX_SHOWN_BYTES + 1))


@pytest.mark.parametrize(
    "changes",
    [
        {"event_class": "conduct"},
        {"event_type": "STREAM_STALLED", "event_class": "technical", "severity_score": 0.1},
        {"severity_score": 1.1},
        {"confidence": float("nan")},
        {"candidate_id": "a\x00b"},
        {"onset": datetime(2025, 12, 12)},  # noqa: DTZ001 — the point is that it has no zone
        {"evidence_thumbnail": "data:image/jpeg;base64,/9j/4AAQ"},
        {"evidence_pictures": [onset_picture(UUID(int=1), b"another's").ref]},
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
        decode_shown(data)

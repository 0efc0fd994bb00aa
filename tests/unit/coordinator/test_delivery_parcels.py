import json
from dataclasses import replace
from datetime import UTC, datetime
from uuid import UUID

import pytest

from coordinator.deliveries.parcels import VerdictTold, alert_data, body_of, verdict_data
from shared.alerts import Alert, AlertMetadata, Shown
from shared.deliveries import USUAL_DETAILS, DeliveryDetail, DeliveryKind
from shared.events.types import Action, EventClass, EventType

NOW = datetime(2026, 11, 30, 9, tzinfo=UTC)
SHOWN = Shown(
    Alert(
        event_id=UUID(int=1),
        event_type=EventType.MULTIPLE_FACES,
        event_class=EventClass.CONDUCT,
        severity_score=0.7,
        confidence=0.9,
        exam_session_id="SESS-1",
        candidate_id="CAND-1",
        exam_id="EXAM-1",
        onset=NOW,
        raised=NOW,
        duration=3.0,
        evidence={"faces": 2},
        explanation="Two faces for 3 s.",
        metadata=AlertMetadata(
            node=UUID(int=2),
            region="campus",
            models={},
            device="cpu",
            policy_version=1,
            degradation_level=1,
            trace_id="0" * 32,
        ),
        action_required=Action.ESCALATE,
        message="More than one face is visible.",
    ),
    b"\xff\xd8\xffpicture",
)
VERDICT = VerdictTold(
    act_id=UUID(int=3),
    incident_id=UUID(int=4),
    act="dismiss",
    state="dismissed",
    reason="harmless",
    exam_session_id="SESS-1",
    exam_id="EXAM-1",
    candidate_id="CAND-1",
    findings=(UUID(int=1),),
    at_utc=NOW,
    effective_utc=NOW,
    reviewer="ann",
    text="A mirror.",
)
NEEDED = {
    "event_id", "revision", "event_type", "event_class", "severity_score", "confidence", "exam_session_id",
    "exam_id", "onset", "raised", "cleared", "duration", "action_required",
}  # fmt: skip
SAID = {"verdict_id", "incident_id", "act", "state", "reason", "exam_session_id", "exam_id", "findings", "at"}


@pytest.mark.parametrize(
    ("details", "more"),
    [
        ((), set()),
        (USUAL_DETAILS, {"explanation", "evidence", "metadata"}),
        ((DeliveryDetail.CANDIDATE,), {"candidate_id"}),
        ((DeliveryDetail.PICTURE,), {"evidence_thumbnail"}),
        ((DeliveryDetail.REVIEWER, DeliveryDetail.TEXT), set()),
    ],
)
def test_an_alert_has_what_is_needed_and_the_details_asked_for(
    details: tuple[DeliveryDetail, ...], more: set[str]
) -> None:
    assert set(alert_data(SHOWN, 1, details)) == NEEDED | more


@pytest.mark.parametrize(
    ("details", "more"),
    [
        (USUAL_DETAILS, set()),
        ((DeliveryDetail.CANDIDATE,), {"candidate_id"}),
        ((DeliveryDetail.REVIEWER,), {"reviewer"}),
        ((DeliveryDetail.TEXT,), {"text"}),
    ],
)
def test_a_verdict_names_nobody_unless_asked_to(details: tuple[DeliveryDetail, ...], more: set[str]) -> None:
    assert set(verdict_data(VERDICT, details)) == SAID | {"effective_at"} | more


def test_what_leaves_by_default_contains_neither_picture_nor_person() -> None:
    text = body_of(DeliveryKind.ALERT_RAISED, NOW, alert_data(SHOWN, 1, USUAL_DETAILS))
    text += body_of(DeliveryKind.VERDICT_GIVEN, NOW, verdict_data(VERDICT, USUAL_DETAILS))
    assert not any(mark in text for mark in ("CAND-1", "base64", "ann", "mirror", "visible"))


def test_a_body_is_type_timestamp_and_data_and_the_same_each_time() -> None:
    made = [body_of(DeliveryKind.ALERT_RAISED, NOW, alert_data(SHOWN, 2, ())) for _ in range(2)]
    assert made[0] == made[1]
    body = json.loads(made[0])
    assert list(body) == ["type", "timestamp", "data"]
    assert (body["type"], body["timestamp"], body["data"]["revision"]) == (
        "alert.raised", "2026-11-30T09:00:00.000Z", 2,
    )  # fmt: skip


def test_a_verdict_in_effect_at_once_says_so() -> None:
    assert verdict_data(replace(VERDICT, effective_utc=None), ())["effective_at"] is None

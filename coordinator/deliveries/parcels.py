"""Makes the bodies of what is told: type, timestamp and data, as Standard Webhooks has it. Pure.

A detail that a destination did not ask for is not in the data. What candidates are told and the words around
a phrase that was spoken never leave.
"""

from __future__ import annotations

import json
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final
from uuid import UUID

from shared.alerts import Shown
from shared.deliveries import DeliveryDetail, DeliveryKind
from shared.fields import format_utc

TEST: Final = "test"
_ALWAYS: Final = frozenset(
    {
        "event_id",
        "event_type",
        "event_class",
        "severity_score",
        "confidence",
        "exam_session_id",
        "exam_id",
        "onset",
        "raised",
        "cleared",
        "duration",
        "action_required",
    }
)
_DETAILS: Final[Mapping[DeliveryDetail, str]] = {
    DeliveryDetail.EXPLANATION: "explanation",
    DeliveryDetail.EVIDENCE: "evidence",
    DeliveryDetail.METADATA: "metadata",
    DeliveryDetail.CANDIDATE: "candidate_id",
}
"""The fields of an alert that are a detail."""


@dataclass(frozen=True, slots=True, kw_only=True)
class VerdictTold:
    """A verdict or its withdrawal, opened."""

    act_id: UUID
    incident_id: UUID
    act: str
    state: str
    reason: str | None
    exam_session_id: str
    exam_id: str
    candidate_id: str
    findings: tuple[UUID, ...]
    at_utc: datetime
    effective_utc: datetime | None
    reviewer: str
    text: str | None


def alert_data(shown: Shown, revision: int, details: Collection[DeliveryDetail]) -> dict[str, Any]:
    """An alert with the details that may leave."""
    fields = _ALWAYS | {name for detail, name in _DETAILS.items() if detail in details}
    data = shown.alert.model_dump(mode="json", include=set(fields))
    data["revision"] = revision
    if DeliveryDetail.PICTURE in details:
        data["evidence_thumbnail"] = shown.thumbnail
    return data


def verdict_data(told: VerdictTold, details: Collection[DeliveryDetail]) -> dict[str, Any]:
    """A verdict with the details that may leave."""
    data: dict[str, Any] = {
        "verdict_id": str(told.act_id),
        "incident_id": str(told.incident_id),
        "act": told.act,
        "state": told.state,
        "reason": told.reason,
        "exam_session_id": told.exam_session_id,
        "exam_id": told.exam_id,
        "findings": [str(one) for one in told.findings],
        "at": format_utc(told.at_utc),
        "effective_at": None if told.effective_utc is None else format_utc(told.effective_utc),
    }
    if DeliveryDetail.CANDIDATE in details:
        data["candidate_id"] = told.candidate_id
    if DeliveryDetail.REVIEWER in details:
        data["reviewer"] = told.reviewer
    if DeliveryDetail.TEXT in details:
        data["text"] = told.text
    return data


def body_of(kind: DeliveryKind | str, noted_utc: datetime, data: Mapping[str, Any]) -> str:
    """The JSON that is signed and sent: the same bytes at every try."""
    body = {"type": str(kind), "timestamp": format_utc(noted_utc), "data": data}
    return json.dumps(body, ensure_ascii=False, separators=(",", ":"))

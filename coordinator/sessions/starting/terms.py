"""Derives a session's policy and times from the request. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final

from pydantic import BaseModel, ConfigDict, Field, JsonValue, ValidationError

from coordinator.web_api.field_paths import path_of
from shared.api.sessions import SessionStartRequest, VerificationPolicy
from shared.errors import Rejected
from shared.events.types import EventType
from shared.fields import Utc
from shared.policy.rules import DEFAULT_RULES, EventRule
from shared.policy.schema import Policy, parse_policy, policy_in_force

DEFAULT_DURATION_MINUTES: Final = 180.0
MAX_DURATION_MINUTES: Final = 1_440.0
MAX_LEAD: Final = timedelta(hours=24)
"""How long before its exam a session may be started; the edge node reserves a seat from then on."""


class _Schedule(BaseModel):
    """The metadata that this program uses; the rest is only stored."""

    model_config = ConfigDict(extra="ignore")

    exam_duration_minutes: float = Field(
        DEFAULT_DURATION_MINUTES, ge=1, le=MAX_DURATION_MINUTES, allow_inf_nan=False
    )
    start_time: Utc | None = None


@dataclass(frozen=True, slots=True)
class Times:
    """When the exam begins, and when the session expires."""

    begins_utc: datetime
    expires_utc: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Window:
    """When an exam may take place; None: no bound."""

    opens_utc: datetime | None = None
    closes_utc: datetime | None = None
    extra: timedelta = timedelta(0)
    """The candidate's agreed extra time."""


ALWAYS_OPEN: Final = Window()


def session_policy(request: SessionStartRequest, in_force: Policy) -> Policy:
    """The request's own policy or the exam's, changed by `verification_policy` and features.

    `gaze_tolerance_degrees` is half the yaw range of the gaze zone, pitch in proportion. Raises `Rejected`
    ("policy-invalid", 422) with the path of every error, also if an override contradicts the exam's policy.
    """
    policy = in_force if request.policy is None else parse_policy(request.policy)
    if request.verification_policy is not None:
        policy = _overridden(policy, request.verification_policy)
    if request.features_enabled is not None:
        policy = policy.model_copy(update={"features": request.features_enabled})
    return policy_in_force(policy.model_dump(mode="json"))


def session_times(
    metadata: Mapping[str, JsonValue], now_utc: datetime, window: Window = ALWAYS_OPEN
) -> Times:
    """Expiry by `exam_duration_minutes` and `start_time` of the metadata (otherwise 180 minutes from now).

    The exam's opening replaces a missing start time; a start in the past counts from now. Sessions end at the
    exam's close plus the candidate's extra time. Raises `Rejected`: 422 with the wrong field, 409
    `exam-closed`.
    """
    schedule = _schedule(metadata)
    begins = max(now_utc, schedule.start_time or window.opens_utc or now_utc)
    if begins - now_utc > MAX_LEAD:
        raise _wrong("start_time", "is more than 24 hours ahead; start the session closer to its exam")
    ends = begins + timedelta(minutes=schedule.exam_duration_minutes)
    if window.closes_utc is not None:
        if window.closes_utc <= begins:
            raise Rejected("the exam is already closed at that time", code="exam-closed", status=409)
        ends = min(ends, window.closes_utc)
    return Times(begins, ends + window.extra)


def _schedule(metadata: Mapping[str, JsonValue]) -> _Schedule:
    try:
        return _Schedule.model_validate(dict(metadata))
    except ValidationError as error:
        first = error.errors()[0]
        raise _wrong(path_of(first["loc"]), first["msg"]) from error


def _wrong(field: str, message: str) -> Rejected:
    path = f"body.metadata.{field}"
    return Rejected(
        f"{path}: {message}",
        code="invalid-request",
        status=422,
        errors=[{"path": path, "message": message}],
    )


def _overridden(policy: Policy, override: VerificationPolicy) -> Policy:
    rules = dict(policy.rules)
    if override.face_match_threshold is not None:
        rules[EventType.FACE_MISMATCH] = _rule(
            policy, EventType.FACE_MISMATCH, threshold=override.face_match_threshold
        )
    if override.max_offline_seconds is not None:
        rules[EventType.CANDIDATE_OFFLINE] = _rule(
            policy, EventType.CANDIDATE_OFFLINE, hold_s=override.max_offline_seconds
        )
    changes: dict[str, Any] = {"rules": rules}
    if override.gaze_tolerance_degrees is not None:
        changes["gaze_zone"] = policy.gaze_zone.with_tolerance(override.gaze_tolerance_degrees)
    if override.alert_sensitivity is not None:
        changes["sensitivity"] = override.alert_sensitivity
    return policy.model_copy(update=changes)


def _rule(policy: Policy, event: EventType, **changes: float) -> EventRule:
    return policy.rules.get(event, DEFAULT_RULES[event]).model_copy(update=changes)

"""Derives from an exam's policy which faces of a frame count, alike for the rules and for looking."""

from __future__ import annotations

from edge.rules.settings import CompanySettings
from shared.events.types import EventType
from shared.policy.schema import Policy


def company_settings(policy: Policy, *, max_gap_s: float) -> CompanySettings:
    """Which faces count, and how long a picture stays where it is. `max_gap_s`: how long a face may be out of
    sight and still be the same."""
    picture = policy.rule(EventType.PICTURE_IN_VIEW)
    return CompanySettings(
        min_score=policy.rule(EventType.MULTIPLE_FACES).threshold or 0.0,
        min_face_px=policy.min_face_px,
        still_s=picture.hold_s if picture.enabled else None,
        max_gap_s=max_gap_s,
    )

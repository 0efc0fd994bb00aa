"""What a session uses a candidate's data for, by its policy. Pure."""

from __future__ import annotations

from shared.consents import Purpose
from shared.policy.schema import Policy


def purposes_of(policy: Policy) -> list[Purpose]:
    """What a session under this policy uses the candidate's data for, as the notice names it."""
    purposes = [Purpose.CAMERA_MONITORING]
    if policy.features.face_verification:
        purposes.append(Purpose.IDENTITY_VERIFICATION)
    if policy.features.audio_monitoring:
        purposes.append(Purpose.SPEECH_DETECTION)
    return purposes

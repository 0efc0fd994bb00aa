"""Derives the purposes of a session's data from its policy. Pure."""

from __future__ import annotations

from shared.consents import Purpose
from shared.policy.schema import Policy


def purposes_of(policy: Policy) -> list[Purpose]:
    """The purposes of a session under this policy, as named in the notice."""
    purposes = [Purpose.CAMERA_MONITORING]
    if policy.features.face_verification:
        purposes.append(Purpose.IDENTITY_VERIFICATION)
    if policy.features.audio_monitoring:
        purposes.append(Purpose.SPEECH_DETECTION)
    return purposes

"""Derives the purposes of a session's data from its policy, and which of them the candidate must acknowledge.
Pure."""

from __future__ import annotations

from collections.abc import Collection

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


def on_another_basis(policy: Policy, purposes: Collection[Purpose]) -> Policy:
    """A policy under which these purposes need no acknowledgement either."""
    excused = {*policy.without_acknowledgement, *purposes}
    ordered = tuple(purpose for purpose in Purpose if purpose in excused)
    return (
        policy
        if len(ordered) == len(policy.without_acknowledgement)
        else policy.model_copy(update={"without_acknowledgement": ordered})
    )

"""From an exam's policy to the numbers the rules compare with."""

from __future__ import annotations

from types import MappingProxyType

from edge.rules.settings import RuleSettings, Settings
from shared.events import EventType
from shared.policy import DEFAULT_RULES, Features, Policy


def monitor_settings(policy: Policy) -> Settings:
    """Settings of the session's monitor; events that are switched off have no rule."""
    rules = {}
    for event in DEFAULT_RULES:
        rule = policy.rule(event)
        if rule.enabled and _watched(event, policy.features):
            rules[event] = RuleSettings(hold_s=rule.hold_s, clear_s=rule.clear_s, threshold=rule.threshold)
    return Settings(
        rules=MappingProxyType(rules),
        min_face_px=policy.min_face_px,
        mismatch_checks=policy.mismatch_checks,
        match_checks=policy.match_checks,
        speech_pause_s=policy.speech_pause_s,
        blocked_mean_luma=policy.rule(EventType.CAMERA_BLOCKED).threshold or 0.0,
        blocked_luma_variance=policy.blocked_luma_variance,
        baseline_s=policy.baseline_s,
        max_gap_s=policy.max_gap_s,
    )


def _watched(event: EventType, features: Features) -> bool:
    """Whether the exam's features include what an event needs."""
    match event:
        case EventType.FACE_MISMATCH | EventType.IDENTITY_UNVERIFIED:
            return features.face_verification
        case EventType.LEFT_FRAME:
            return features.pose_analysis
        case EventType.VOICE_DETECTED:
            return features.audio_monitoring
        case _:
            return True

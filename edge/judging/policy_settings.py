"""Derives the rules' settings from an exam's policy."""

from __future__ import annotations

from collections.abc import Collection
from types import MappingProxyType

from edge.counted_faces import company_settings
from edge.rules.settings import FusionTerm, GazeSettings, RuleSettings, Settings, Zone
from shared.events.looks import Look
from shared.events.types import EventType
from shared.policy.asked import looks_asked_for, watched
from shared.policy.contradictions import SLOWEST_LOOK_S
from shared.policy.schema import Policy


def monitor_settings(policy: Policy) -> Settings:
    """The settings of a session's monitor; disabled or muted events have no rule."""
    in_force = {event: policy.rule(event) for event in watched(policy)}
    rules = {
        event: RuleSettings(hold_s=rule.hold_s, clear_s=rule.clear_s, threshold=rule.threshold)
        for event, rule in in_force.items()
    }
    if not _fuses(policy, rules):
        rules.pop(EventType.HIGH_CONFIDENCE_CHEATING, None)
    return Settings(
        rules=MappingProxyType(rules),
        company=company_settings(policy, max_gap_s=_max_gap_s(policy)),
        looks_s=MappingProxyType({look: _own_period_s(policy, look) for look in looks_asked_for(policy)}),
        lowest_level=policy.lowest_level,
        mismatch_checks=policy.mismatches,
        match_checks=policy.match_checks,
        liveness_checks=policy.liveness_checks,
        gaze=_gaze(policy),
        sounds=frozenset(sound.value for sound in policy.sounds),
        phrases=frozenset(phrase.casefold() for phrase in policy.phrases),
        fusion_window_s=policy.fusion.window_s,
        fusion=tuple(
            FusionTerm(event=term.event, more_than_checks=term.more_than_checks, more_than_s=term.more_than_s)
            for term in policy.fusion.terms
        ),
        speech_pause_s=policy.speech_pause_s,
        speech_share_s=policy.muttering.speech_s,
        speech_window_s=policy.muttering.window_s,
        blocked_mean_luma=policy.rule(EventType.CAMERA_BLOCKED).threshold or 0.0,
        blocked_luma_variance=policy.blocked_luma_variance,
        baseline_s=policy.baseline_s,
        max_gap_s=_max_gap_s(policy),
    )


def _gaze(policy: Policy) -> GazeSettings:
    zone = policy.zone
    return GazeSettings(
        zone=Zone(
            min_pitch_deg=zone.min_pitch_deg,
            max_pitch_deg=zone.max_pitch_deg,
            min_yaw_deg=-zone.yaw_deg,
            max_yaw_deg=zone.yaw_deg,
        ),
        max_shift_deg=zone.max_shift_deg,
        aggregate_s=policy.gaze_aggregate_s,
        episode_s=policy.distraction.episode_s,
        episodes_window_s=policy.distraction.window_s,
        turns=policy.movement.turns,
        turns_window_s=policy.movement.window_s,
    )


def _max_gap_s(policy: Policy) -> float:
    """The policy's `max_gap_s`, but at least a stall's hold and one look at the slowest rate, so that every
    gap is either bridged or reported as a stall."""
    return max(policy.max_gap_s, policy.rule(EventType.STREAM_STALLED).hold_s + SLOWEST_LOOK_S)


def _own_period_s(policy: Policy, look: Look) -> float:
    """The time between two looks that the policy sets itself; 0 when it leaves it to the level."""
    rate_hz = policy.cadences_hz.get(look)
    return 0.0 if rate_hz is None else 1.0 / rate_hz


def _fuses(policy: Policy, watched: Collection[EventType]) -> bool:
    """Whether all parts of the fusion are watched: a muted event must not count through a fusion."""
    return all(term.event in watched for term in policy.fusion.terms)

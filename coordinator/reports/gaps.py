"""Determines what a report cannot know, from technical alerts and what the session lacked. Pure.

A gap proves nothing: without a picture nobody was seen, and nobody was absent either.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from types import MappingProxyType
from typing import Final, Literal

from shared.alerts import Alert
from shared.api.reports import Unknown
from shared.consents import Purpose
from shared.events.row import Gap, UnknownWhat
from shared.events.table import EVENTS
from shared.events.types import EventType
from shared.policy.schema import Policy

_AGREEMENT: Final = (EventType.CONSENT_WITHDRAWN, EventType.CONSENT_RENEWED)
_PAUSED: Final[tuple[UnknownWhat, str]] = (
    "coverage",
    "The exam was paused: nothing was watched or listened to.",
)
_WITHDRAWN: Final[Mapping[str, tuple[UnknownWhat, str]]] = MappingProxyType(
    {
        Purpose.CAMERA_MONITORING: (
            "picture",
            "The candidate had withdrawn its consent: the picture was not looked at.",
        ),
        Purpose.IDENTITY_VERIFICATION: (
            "identity",
            "The candidate had withdrawn its consent: its face was not compared.",
        ),
        Purpose.SPEECH_DETECTION: (
            "sound",
            "The candidate had withdrawn its consent: nothing was listened to.",
        ),
    }
)
Identity = Literal["enrolled", "unavailable", "not-asked"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Circumstances:
    """Properties of a session, besides its alerts, that decide what is known."""

    policy: Policy
    identity: Identity
    over: bool
    watched: bool
    """Whether anything ever arrived from its node."""
    acknowledged: bool
    erased: int


def unknowns(alerts: Iterable[Alert], around: Circumstances) -> list[Unknown]:
    """First unknowns of the whole session, then periods by their onset."""
    ordered = sorted(alerts, key=lambda alert: alert.onset)
    gaps = ((alert, EVENTS[alert.event_type].gap) for alert in ordered if not _before_joining(alert))
    found = [(alert, _of(alert, gap)) for alert, gap in gaps if gap is not None]
    found += _unwatched(ordered)
    return [*_throughout(around), *(one for _, one in sorted(found, key=lambda pair: pair[0].onset))]


def _before_joining(alert: Alert) -> bool:
    """Whether the alert is about the time before any page had connected, when there was nothing to watch.
    `Circumstances.watched` covers sessions that nobody ever joined."""
    return alert.event_type is EventType.CANDIDATE_OFFLINE and alert.evidence.get("since_beginning") is True


def unknown_seconds(found: Iterable[Unknown], until_utc: datetime) -> dict[UnknownWhat, float]:
    """The duration of each kind, overlaps counted once; one without an end lasts until `until_utc`."""
    spans: dict[UnknownWhat, list[tuple[datetime, datetime]]] = {}
    for one in found:
        if one.begins_at is not None:
            ends = max(one.begins_at, one.ends_at or until_utc)
            spans.setdefault(one.what, []).append((one.begins_at, ends))
    return {what: _covered_s(sorted(each)) for what, each in sorted(spans.items())}


def _covered_s(spans: list[tuple[datetime, datetime]]) -> float:
    covered_s, reached = 0.0, spans[0][0]
    for begins, ends in spans:
        covered_s += max(0.0, (ends - max(begins, reached)).total_seconds())
        reached = max(reached, ends)
    return round(covered_s, 3)


def _throughout(around: Circumstances) -> list[Unknown]:
    features = around.policy.features
    said: list[tuple[bool, UnknownWhat, str]] = [
        (not around.over, "session", "The session is not over: this report is not final."),
        (
            not around.watched,
            "session",
            "No picture ever arrived from the candidate's camera: nobody was watched.",
        ),
        (
            around.identity == "unavailable",
            "identity",
            "No enrollment was valid when the session started: the person's identity was not checked.",
        ),
        (around.identity == "not-asked", "identity", "The policy does not ask for a comparison of faces."),
        (not features.audio_monitoring, "sound", "The policy does not ask for an analysis of sound."),
        (not features.gaze_tracking, "coverage", "The policy does not ask for an analysis of the gaze."),
        (not features.pose_analysis, "coverage", "The policy does not ask for an analysis of the body."),
        (not around.acknowledged, "session", "The candidate did not acknowledge the notice on its page."),
        (around.erased > 0, "reports", f"{around.erased} alerts were erased; their content is gone."),
    ]
    return [
        Unknown(what=what, why=why, begins_at=None, ends_at=None, event_id=None)
        for holds, what, why in said
        if holds
    ]


def _unwatched(alerts: list[Alert]) -> list[tuple[Alert, Unknown]]:
    """Pauses, and the time without what the candidate had withdrawn, each until it goes on."""
    found, open_since = [], dict[tuple[UnknownWhat, str], Alert]()
    for alert in alerts:
        event, purpose = alert.event_type, str(alert.evidence.get("purpose"))
        key = _WITHDRAWN.get(purpose) if event in _AGREEMENT else _PAUSED
        if key is None:
            continue
        if event in (EventType.CONSENT_WITHDRAWN, EventType.PROCTOR_PAUSE):
            open_since.setdefault(key, alert)
        elif event in (EventType.CONSENT_RENEWED, EventType.PROCTOR_RESUME) and key in open_since:
            found.append(_stretch(key, open_since.pop(key), alert.onset))
    return found + [_stretch(key, alert, None) for key, alert in open_since.items()]


def _stretch(key: tuple[UnknownWhat, str], begun: Alert, ends_at: datetime | None) -> tuple[Alert, Unknown]:
    what, why = key
    event_id = str(begun.event_id)
    return begun, Unknown(what=what, why=why, begins_at=begun.onset, ends_at=ends_at, event_id=event_id)


def _of(alert: Alert, gap: Gap) -> Unknown:
    return Unknown(
        what=gap.what, why=gap.why, begins_at=alert.onset, ends_at=alert.cleared, event_id=str(alert.event_id)
    )

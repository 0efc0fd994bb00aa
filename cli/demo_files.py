"""The demo's page: the stored timeline beside the script."""

from __future__ import annotations

from datetime import datetime

from shared.alerts import Alert, Shown
from shared.api.alerts import AlertOut, TimelineOut
from shared.evidence import from_data_url
from shared.rehearsal import Script
from shared.timeline import Segment, Timeline, entry_of


def page(script: Script, timeline: TimelineOut, zero_utc: datetime) -> Timeline:
    """The content of `timeline.html`; times are seconds from the start of the recording."""
    alerts = [as_alert(item) for item in timeline.items]
    return Timeline(
        title=f"Rehearsal of {timeline.session.exam_id}",
        duration_s=script.duration_s,
        facts=_facts(timeline, alerts),
        segments=tuple(
            Segment(
                label=part.kind.replace("_", " "),
                begins_s=part.begins_s,
                ends_s=part.ends_s,
                scripted=part.kind != "honest",
            )
            for part in script.segments
        ),
        entries=tuple(entry_of(as_shown(item), zero_utc) for item in timeline.items),
    )


def as_alert(item: AlertOut) -> Alert:
    """The alert as the node wrote it, without what the coordinator added."""
    return Alert.model_validate(item.model_dump(mode="json", exclude={"received_at", "evidence_thumbnail"}))


def as_shown(item: AlertOut) -> Shown:
    """The same with its picture."""
    picture = item.evidence_thumbnail
    return Shown(as_alert(item), None if picture is None else from_data_url(picture))


def _facts(timeline: TimelineOut, alerts: list[Alert]) -> tuple[tuple[str, str], ...]:
    """Which node and networks watched, from the node's first alert."""
    facts = [
        ("Session", timeline.session.session_id),
        ("Policy version", str(timeline.session.policy_version)),
    ]
    watched = next((alert.metadata for alert in alerts if alert.metadata.models), None)
    if watched is not None:
        facts += [("Device", watched.device), ("Level", f"L{watched.degradation_level}")]
        facts += [(task.replace("_", " "), model) for task, model in sorted(watched.models.items())]
    return tuple(facts)

"""Technical trouble stands beside the incident that it may explain."""

from __future__ import annotations

from datetime import timedelta

from shared.alerts import Alert
from shared.events.types import EventType
from tests.support.exam_site import OnSite, Site
from tests.support.findings import EXAM, ended_alert, found, until_stored

INCIDENT_AT_S = 150.0


def trouble(site: Site, event: EventType, onset_s: float, ends_s: float | None) -> Alert:
    cleared = None if ends_s is None else EXAM + timedelta(seconds=ends_s)
    one = ended_alert(site, event, onset_s)
    return one.model_copy(update={"severity_score": 0.0, "cleared": cleared})


def test_trouble_within_thirty_seconds_or_still_lasting_is_shown_and_no_other(on_site: OnSite) -> None:
    async def test(site: Site) -> None:
        [incident] = await found(site, (EventType.FACE_MISMATCH, INCIDENT_AT_S))
        start = site.node.obeyed.newest
        told = (
            (EventType.CAMERA_FROZEN, 10.0, 119.9),
            (EventType.STREAM_STALLED, 20.0, 120.1),
            (EventType.LOW_FRAME_RATE, 30.0, None),
            (EventType.CAMERA_BLOCKED, 180.0, 190.0),
            (EventType.MICROPHONE_MUTED, 182.0, None),
        )
        for event, onset_s, ends_s in told:
            await site.node.publish(trouble(site, event, onset_s, ends_s), start, 1 if ends_s is None else 2)
        await until_stored(site, 6)
        detail = (await site.get(f"/incidents/{incident['incident_id']}")).json()
        assert [one["event_type"] for one in detail["technical"]] == [
            "STREAM_STALLED", "LOW_FRAME_RATE", "CAMERA_BLOCKED",
        ]  # fmt: skip
        assert [one["event_type"] for one in detail["alerts"]] == ["FACE_MISMATCH"]

    on_site(test)

"""Findings of a node in sessions of a site, as alerts that the coordinator stores and groups."""

from __future__ import annotations

from collections.abc import Collection
from datetime import UTC, datetime, timedelta
from typing import Any, Final
from uuid import UUID

from sqlmodel import Session, col, select

from coordinator.alerts.tables import StoredAlert
from shared.alerts import Alert, AlertMetadata, alert_id
from shared.events.table import event_class
from shared.events.types import EventType
from shared.evidence import data_url
from shared.messages.sessions import StartSession
from shared.policy.rules import DEFAULT_RULES
from tests.support.album import pictured
from tests.support.eventually import until
from tests.support.exam_site import Site
from tests.support.fake_node import FakeNode

JPEG: Final = b"\xff\xd8\xff" + b"A" * 30_000
PICTURE: Final = data_url(JPEG)
EXAM: Final = datetime(2026, 11, 22, 14, tzinfo=UTC)
"""When the sessions of `found` began, as their findings have it."""
SECOND: Final = timedelta(seconds=1)


def alert(start: StartSession, node: FakeNode, event: EventType, onset_s: float, **fields: Any) -> Alert:
    """A finding of this moment; its id is that of an onset so many seconds after the session's start."""
    now = datetime.now(UTC)
    rule = DEFAULT_RULES[event]
    return Alert(
        event_id=alert_id(start.session_id, event, onset_s),
        event_type=event,
        event_class=event_class(event),
        severity_score=rule.severity,
        confidence=0.987,
        exam_session_id=start.exam_session_id,
        candidate_id=start.candidate_id,
        exam_id=start.exam_id,
        onset=now,
        raised=now,
        duration=rule.hold_s,
        evidence={"similarity": 0.123},
        evidence_pictures=pictured(alert_id(start.session_id, event, onset_s), JPEG),
        explanation="What was seen, with 5.2 s against 5 s.",
        metadata=AlertMetadata(
            node=node.node_id,
            region="campus",
            models={},
            device="cpu",
            policy_version=1,
            degradation_level=1,
            trace_id="0" * 32,
        ),
        action_required=rule.action,
        message="Please come back into the picture.",
        **fields,
    )


def ended_alert(site: Site, event: EventType, onset_s: float) -> Alert:
    """A finding of one second in the session that was started last."""
    start = site.node.obeyed.newest
    onset = EXAM + timedelta(seconds=onset_s)
    instants = {"onset": onset, "raised": onset + SECOND, "cleared": onset + SECOND}
    return alert(start, site.node, event, onset_s).model_copy(update=instants)


async def found(
    site: Site, *events: tuple[EventType, float], session: str = "SESS-1", **terms: Any
) -> list[dict[str, Any]]:
    """A session with these findings, its incidents in the order of the queue."""
    await site.started(session, f"CAND-{session}", **terms)
    await noticed(site, *events)
    listed = await site.get("/incidents", params={"exam_session_id": session})
    items: list[dict[str, Any]] = listed.json()["items"]
    return items


async def noticed(site: Site, *events: tuple[EventType, float]) -> None:
    """Findings in the session that was started last; returns once they are stored and grouped."""
    made = [ended_alert(site, event, onset_s) for event, onset_s in events]
    for one in made:
        await site.node.publish(one, site.node.obeyed.newest, 2)
    wanted = {one.event_id for one in made}
    # Not by the count of all: one of before may be stored and not counted yet.
    await until(lambda: site.parts.reading(lambda db: _all_stored(db, wanted)), "the findings are stored")


def _all_stored(db: Session, event_ids: Collection[UUID]) -> bool:
    found = db.exec(select(StoredAlert.id).where(col(StoredAlert.id).in_(event_ids))).all()
    return len(found) == len(event_ids)


async def until_stored(site: Site, count: float) -> None:
    """Until the coordinator has stored so many messages of alerts in all."""
    await until(lambda: stored(site) == count, f"{count:g} messages are stored")


def stored(site: Site) -> float:
    """How many messages of alerts the coordinator has stored."""
    counts = site.parts.metrics.registry
    return counts.get_sample_value("coordinator_alert_messages_total", {"what": "stored"}) or 0.0

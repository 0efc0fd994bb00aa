"""What the former node of a session has told, so that the next one tells nothing twice. Pure.

The state that a session goes on from may be a little older than the last alerts of its former node. An alert
that is open then is not raised again under another onset: what is judged here counts as its continuation, and
ends it. If its condition does not show here again, it ends too.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Annotated, Final
from uuid import UUID

from edge.judging.alerts import CLEARED_REVISION, RAISED_REVISION, AlertRevision, WatchedSession
from shared.alerts import MAX_ALERT_BYTES, Alert
from shared.events.types import EventType
from shared.messages.sessions import MAX_TOLD_OVER
from shared.saving import AtMost, Json, Saved, restore, save

SHOWS_AGAIN_WITHIN_S: Final = 5.0
"""A condition that still holds is seen within this time of the first look. A glance may miss it."""


@dataclass(slots=True)
class InheritedState:
    """What was told before and is not settled here."""

    open: dict[EventType, Annotated[str, AtMost(MAX_ALERT_BYTES)]] = field(default_factory=dict)
    """Open alerts as JSON."""
    over: Annotated[list[Annotated[str, AtMost(36)]], AtMost(MAX_TOLD_OVER)] = field(default_factory=list)
    """Ids of alerts that are over."""
    held_s: dict[EventType, float] = field(default_factory=dict)
    """When the condition of an open alert has shown last, or when looking began."""


class Inherited:
    """The alerts of a session's former node."""

    def __init__(self) -> None:
        self._state = InheritedState()
        self._open: dict[EventType, Alert] = {}

    def __bool__(self) -> bool:
        return bool(self._open or self._state.over)

    def take(
        self, open_ones: Iterable[Alert], over: Iterable[UUID], now_s: float, session: WatchedSession
    ) -> list[AlertRevision]:
        """Note what was told, the newest last. Call it before the first look. Returns the ends of alerts that
        a newer one of their event stands for."""
        given = list(open_ones)
        self._open = {alert.event_type: alert for alert in given}
        texts = {event: alert.model_dump_json() for event, alert in self._open.items()}
        self._state = InheritedState(open=texts, over=[str(one) for one in over])
        older = [alert for alert in given if alert is not self._open[alert.event_type]]
        return [_ended(alert, session.utc(now_s), session) for alert in older]

    def passed(self, written: Iterable[AlertRevision]) -> list[AlertRevision]:
        """The revisions that are told, of those that were written here."""
        return [one for each in written if (one := self._passed(each)) is not None]

    def look(
        self, at_s: float, holding: Collection[EventType], session: WatchedSession
    ) -> list[AlertRevision]:
        """The ends of open alerts whose condition has not shown here. Call it at each look, with its time."""
        ended = []
        for event in self._events():
            shown_s = self._state.held_s.setdefault(event, at_s)
            if event in holding:
                self._state.held_s[event] = at_s
            elif at_s - shown_s >= SHOWS_AGAIN_WITHIN_S:
                ended.append(self._end(event, session.utc(at_s), session))
        return ended

    def finish(self, now_s: float, session: WatchedSession) -> list[AlertRevision]:
        """The ends of all open alerts, at the end of the session or at a pause."""
        return [self._end(event, session.utc(now_s), session) for event in self._events()]

    def snapshot(self) -> Saved:
        return save(self._state)

    def restore(self, saved: Json) -> None:
        """Raises ValueError for an invalid snapshot."""
        self._state = restore(InheritedState, saved)
        self._open = {event: Alert.model_validate_json(text) for event, text in self._state.open.items()}

    def _events(self) -> list[EventType]:
        # In the order of the closed list: a snapshot may come with its keys in another order.
        return [event for event in EventType if event in self._open]

    def _passed(self, written: AlertRevision) -> AlertRevision | None:
        alert = written.alert
        if str(alert.event_id) in self._state.over:
            return None
        told = self._open.get(alert.event_type)
        if told is None:
            return written
        if written.revision == RAISED_REVISION or alert.cleared is None:
            return None
        self._forget(alert.event_type)
        if told.event_id == alert.event_id:
            # Words are in no state and pictures not in each, but receivers keep only the last revision.
            beside = {
                "evidence_pictures": alert.evidence_pictures or told.evidence_pictures,
                "sealed_excerpt": told.sealed_excerpt,
            }
            return replace(written, alert=alert.model_copy(update=beside))
        changes = {
            "cleared": max(alert.cleared, told.raised),
            "duration": round(told.duration + alert.duration, 3),
            "evidence": alert.evidence,
            "metadata": alert.metadata,
        }
        return replace(written, alert=told.model_copy(update=changes))

    def _end(self, event: EventType, at_utc: datetime, session: WatchedSession) -> AlertRevision:
        told = self._open[event]
        self._forget(event)
        return _ended(told, at_utc, session)

    def _forget(self, event: EventType) -> None:
        self._open.pop(event, None)
        self._state.open.pop(event, None)
        self._state.held_s.pop(event, None)


def _ended(told: Alert, at_utc: datetime, session: WatchedSession) -> AlertRevision:
    metadata = told.metadata.model_copy(update={"node": session.node_id, "region": session.region})
    changes = {"cleared": max(at_utc, told.raised), "metadata": metadata}
    return AlertRevision(told.model_copy(update=changes), CLEARED_REVISION)

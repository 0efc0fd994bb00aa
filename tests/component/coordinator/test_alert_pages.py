"""Stored alerts page by page, as the database gives them."""

from __future__ import annotations

from datetime import timedelta
from typing import Any
from uuid import UUID

from coordinator.alerts import paging_service as paging
from coordinator.alerts.paging_service import AlertQuery
from coordinator.tenants.tables import DEFAULT_TENANT_ID
from shared.alerts import Alert
from shared.events.types import EventClass, EventType
from tests.support.desk import KEYRING, NOW, Desk


def pages(desk: Desk, **query: Any) -> list[Alert]:
    """Every page of what is asked for, one after another."""
    found: list[Alert] = []
    after = None
    with desk.database.read() as db:
        while True:
            asked = AlertQuery(tenant_id=DEFAULT_TENANT_ID, after=after, **query)
            shown, after = paging.page(db, KEYRING, asked)
            found += [stored.alert for stored in shown]
            if after is None:
                return found


def test_pages_show_every_alert_once_in_the_order_of_arrival(desk: Desk) -> None:
    arriving = [desk.finding(onset_s, onset_s + 1) for onset_s in (5, 3, 4, 1, 2)]
    for second, batch in enumerate((arriving[:1], arriving[1:3], arriving[3:])):
        desk.store.take([desk.delivery(one) for one in batch], NOW + timedelta(seconds=second))
    shown = [alert.onset for alert in pages(desk, limit=2)]
    first, *others = (alert.onset for alert in arriving)
    assert shown[0] == first
    # Those of one instant come in an order of their own, the same with every size of page.
    assert (sorted(shown[1:3]), sorted(shown[3:])) == (sorted(others[:2]), sorted(others[2:]))
    assert [alert.onset for alert in pages(desk, limit=5)] == shown
    assert len(pages(desk, since_utc=NOW + timedelta(seconds=2))) == 2


def test_pages_can_be_narrowed(desk: Desk) -> None:
    other = Desk(desk.database, "EXAM-2")
    conduct, technical = desk.finding(1, 2), desk.finding(1, 2, event_type=EventType.STREAM_STALLED)
    elsewhere = other.finding(1, 2)
    desk.arrive(conduct, technical)
    other.arrive(elsewhere)
    assert pages(desk, exam_session="EXAM-2") == [elsewhere]
    assert pages(desk, event_type=EventType.STREAM_STALLED) == [technical]
    assert pages(desk, event_class=EventClass.TECHNICAL) == [technical]
    assert len(pages(desk, exam_session="EXAM-1")) == 2
    with desk.database.read() as db:
        assert paging.page(db, KEYRING, AlertQuery(tenant_id=UUID(int=9))) == ([], None)

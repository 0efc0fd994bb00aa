"""A session in the database whose alerts a test lets arrive, and the incidents they make."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from itertools import count
from typing import Any, Final, cast

import pytest
from sqlmodel import col, select

from coordinator.arriving.intake import AlertStore
from coordinator.ground.database import Database
from coordinator.incidents.states import State
from coordinator.incidents.tables import Incident
from coordinator.nodes.alert_stream import StreamMessage
from shared.alerts import Alert
from tests.support.masters import keyring_of
from tests.support.sittings import START, EdgeNode, Sitting, sit

NOW: Final = datetime(2026, 11, 22, 15, tzinfo=UTC)
KEYRING: Final = keyring_of(bytes(32))


class Desk:
    """A session whose alerts a test lets arrive."""

    def __init__(self, database: Database, reference: str = "EXAM-1") -> None:
        self.node = EdgeNode()
        self.database = database
        self.sitting: Sitting = sit(database, KEYRING, self.node, reference)
        self.store = AlertStore(database, KEYRING, {self.node.node_id: self.node.signing.public_key()})
        self._sequence = count(1)

    def arrive(self, *alerts: Alert) -> None:
        """One batch; alerts that have ended arrive as revision 2."""
        treated = self.store.take([self.delivery(one) for one in alerts], NOW).treated
        assert {result.treatment for result in treated} <= {"stored", "repeated"}

    def delivery(self, alert: Alert) -> StreamMessage:
        """The next message of the node, as the stream hands it over."""
        revision = 1 if alert.cleared is None else 2
        data = self.sitting.message(alert, next(self._sequence), revision=revision)
        return StreamMessage(self.sitting.subject(alert), data, 1, cast(Any, None))

    def finding(self, from_s: float, to_s: float | None, **changes: Any) -> Alert:
        """A finding from one second of the exam to another; without an end it still lasts."""
        cleared = None if to_s is None else START + timedelta(seconds=to_s)
        return self.sitting.alert(from_s, cleared=cleared, duration=(to_s or from_s + 3) - from_s, **changes)

    def rows(self) -> list[Incident]:
        """Every incident, the earliest first."""
        with self.database.read() as db:
            return list(db.exec(select(Incident).order_by(col(Incident.begins_utc), col(Incident.id))))

    def living(self) -> list[tuple[float, float | None, int, float]]:
        """Begin, end, alerts and severity of every incident that was not merged into another."""
        return [
            (
                second(row.begins_utc),
                None if row.ends_utc is None else second(row.ends_utc),
                row.alert_count,
                row.severity,
            )
            for row in self.rows()
            if row.state is not State.MERGED
        ]

    def judge(self, row: Incident, state: State) -> None:
        with self.database.write() as db:
            db.get_one(Incident, row.id).state = state


def second(instant: datetime) -> float:
    """Seconds from the start of the exam."""
    return (instant - START).total_seconds()


@pytest.fixture
def desk(database: Database) -> Desk:
    return Desk(database)

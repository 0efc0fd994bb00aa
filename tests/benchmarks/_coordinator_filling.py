"""A coordinator's database after an exam season: sessions, sealed alerts, incidents; in bulk, past ingest."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Any, Final
from uuid import uuid4

from sqlalchemy import insert
from sqlmodel import Session

from coordinator.alerts.tables import StoredAlert
from coordinator.ground.database import Database
from coordinator.ground.ids import uuid7
from coordinator.ground.keyring import Keyring
from coordinator.ground.sealed_fields import Place
from coordinator.incidents.states import State, queue_place
from coordinator.incidents.tables import Incident, IncidentAlert
from coordinator.keys.tables import Key
from shared.alerts import encode_alert
from shared.events.table import event_class
from shared.events.types import EventType
from tests.support.sittings import START, EdgeNode, Sitting, sit

SESSION_ALERTS: Final = 500
INCIDENT_ALERTS: Final = 5
RARE_EVERY: Final = 1_000
"""One alert of so many is of a kind that hardly ever comes: the hardest filter."""
RARE: Final = EventType.PRESENTATION_ATTACK
_COMMON: Final = (
    EventType.GAZE_OFF_SCREEN,
    EventType.FACE_NOT_FOUND,
    EventType.MULTIPLE_FACES,
    EventType.VOICE_DETECTED,
    EventType.FACE_MISMATCH,
)
_STATES: Final = (State.OPEN, State.DISMISSED, State.CONFIRMED, State.SECONDING)


@dataclass(frozen=True, slots=True)
class Filled:
    """What is there."""

    alerts: int
    sessions: Sequence[str]
    """Their references."""


def fill(database: Database, keyring: Keyring, alerts: int) -> Filled:
    """So many alerts, 500 a session, five an incident."""
    node, references = EdgeNode(), []
    for number in range(alerts // SESSION_ALERTS):
        sitting = sit(database, keyring, node, f"FULL-{number}")
        references.append(sitting.session.reference)
        with database.write() as db:
            _fill_session(db, keyring, sitting, number)
    _settle(database)
    return Filled(len(references) * SESSION_ALERTS, references)


def _fill_session(db: Session, keyring: Keyring, sitting: Sitting, number: int) -> None:
    rows = list(_alerts(db, keyring, sitting, number))
    incidents = [
        _incident(rows[first : first + INCIDENT_ALERTS], first + number)
        for first in range(0, len(rows), INCIDENT_ALERTS)
    ]
    members = [
        {"alert_id": row["id"], "tenant_id": row["tenant_id"], "incident_id": incident["id"]}
        for place, incident in enumerate(incidents)
        for row in rows[place * INCIDENT_ALERTS : (place + 1) * INCIDENT_ALERTS]
    ]
    for table, values in ((StoredAlert, rows), (Incident, incidents), (IncidentAlert, members)):
        db.connection().execute(insert(table), values)


def _alerts(db: Session, keyring: Keyring, sitting: Sitting, number: int) -> Iterator[dict[str, Any]]:
    session = sitting.session
    key = db.get_one(Key, session.data_key_id)
    body = encode_alert(sitting.alert())  # one for all of the session: what is measured is reading
    for place in range(SESSION_ALERTS):
        count = number * SESSION_ALERTS + place
        event = RARE if count % RARE_EVERY == 0 else _COMMON[count % len(_COMMON)]
        onset = START + timedelta(seconds=10 * place)
        row_id = uuid4()
        yield {
            "id": row_id,
            "tenant_id": session.tenant_id,
            "session_id": session.id,
            "revision": 2,
            "event_type": event,
            "event_class": event_class(event),
            "severity_score": 0.3 + 0.001 * (count % 700),
            "onset_utc": onset,
            "raised_utc": onset,
            "cleared_utc": onset + timedelta(seconds=4),
            "node_id": sitting.node.node_id,
            "data_key_id": key.id,
            "body_sealed": keyring.seal_field(key, Place("alerts", "body_sealed", row_id), body),
            "received_utc": onset + timedelta(milliseconds=number),  # sessions run side by side
        }


def _incident(members: Sequence[dict[str, Any]], number: int) -> dict[str, Any]:
    state = _STATES[number % len(_STATES)]
    severity = max(member["severity_score"] for member in members)
    return {
        "id": uuid7(),
        "tenant_id": members[0]["tenant_id"],
        "session_id": members[0]["session_id"],
        "state": state,
        "queue_place": queue_place(state, severity, changed=False),
        "severity": severity,
        "events": sorted({member["event_type"] for member in members}),
        "alert_count": len(members),
        "begins_utc": members[0]["onset_utc"],
        "ends_utc": members[-1]["cleared_utc"],
        "created_utc": members[0]["received_utc"],
    }


def _settle(database: Database) -> None:
    """As after a night: the planner knows what is in the tables."""
    with database.engine.connect() as connection:
        connection.exec_driver_sql("ANALYZE")
        connection.commit()

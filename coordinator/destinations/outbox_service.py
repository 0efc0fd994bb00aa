"""Notes what is to be told to destinations, in the transaction of what happened. Flushes, never commits."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final
from uuid import UUID, uuid5

from sqlalchemy import and_, or_
from sqlmodel import Session, col, select, update

from coordinator.destinations.tables import Delivery, DeliveryState, Destination
from coordinator.destinations.wanted import Fact, leaves
from coordinator.ground.database import insert_new
from coordinator.ground.ids import uuid7
from coordinator.ground.keyring import Keyring
from coordinator.ground.sealed_fields import Place
from coordinator.sessions.tables import ExamSession
from shared.api.destinations import DestinationFilter
from shared.canonical import canonical_json
from shared.deliveries import DeliveryDetail, DeliveryKind
from shared.fields import format_utc

UNDONE: Final = "undone"
KEPT_FOR: Final = timedelta(days=30)
"""How long it is known that something was told, and can be told again. Nothing of its content is kept."""
_PARCELS: Final = UUID("9f2f2b0a-6d53-4f5e-8f0e-7c1f4b1f9a2d")


@dataclass(frozen=True, slots=True, kw_only=True)
class News:
    """Something that happened in a session and may be told."""

    tenant_id: UUID
    session_id: UUID
    fact: Fact
    subject_id: UUID
    """The alert, or the act of the verdict."""
    revision: int = 0
    epoch: int = 0
    due_utc: datetime
    """Not told before."""


def parcel_id(news: News) -> UUID:
    """The id that is the same at every try, every replay and every replica."""
    return uuid5(_PARCELS, f"{news.fact.kind}|{news.subject_id}|{news.revision}|{news.epoch}")


def note(db: Session, news: Sequence[News], now_utc: datetime) -> int:
    """Note these for every destination that wants them, in this order; returns the number of deliveries.

    What is already noted stays as it is.
    """
    if not news:
        return 0
    homes = select(Destination).where(
        col(Destination.tenant_id).in_({one.tenant_id for one in news}),
        col(Destination.removed_utc).is_(None),
    )
    doors = [(row, DestinationFilter.model_validate(row.wanted)) for row in db.exec(homes)]
    rows = [
        _row(one, home.id, now_utc)
        for one in news
        for home, wanted in doors
        if home.tenant_id == one.tenant_id and leaves(wanted, one.fact)
    ]
    return len(insert_new(db, Delivery, rows))


def note_erasure(
    db: Session, keyring: Keyring, sessions: Sequence[ExamSession], candidate: str, now_utc: datetime
) -> int:
    """Note for every destination that got something about these sessions that their candidate was erased;
    returns the number of destinations.

    The names are kept in the delivery, because nothing else has them any more. What was told is known for
    `KEPT_FOR`: about an older session every destination of that time is told.
    """
    rows = [
        _erasure_row(keyring, session, home, candidate, now_utc)
        for session, home in _told_of(db, sessions, now_utc)
    ]
    insert_new(db, Delivery, rows)
    return len({row["destination_id"] for row in rows})


def note_correction(
    db: Session, keyring: Keyring, sessions: Sequence[ExamSession], names: tuple[str, str], now_utc: datetime
) -> int:
    """Note for every destination that got a candidate's name with these sessions that it was corrected;
    returns the number of destinations. `names`: the former and the present one."""
    rows, act_id = [], uuid7()
    for session, home in _told_of(db, sessions, now_utc):
        if not _gets_names(home):
            continue
        told = {
            "exam_session_id": session.reference,
            "exam_id": session.exam_reference,
            "candidate_id": names[1],
            "former_candidate_id": names[0],
            "corrected_at": format_utc(now_utc),
        }
        news = News(
            tenant_id=session.tenant_id,
            session_id=session.id,
            fact=Fact(DeliveryKind.PERSON_CORRECTED),
            subject_id=uuid5(act_id, str(session.id)),
            due_utc=now_utc,
        )
        rows.append(_notice_row(keyring, news, home, told, now_utc))
    insert_new(db, Delivery, rows)
    return len({row["destination_id"] for row in rows})


def note_session_correction(
    db: Session, keyring: Keyring, session: ExamSession, former: str, now_utc: datetime
) -> int:
    """Note for every destination that got something about this session that its name was corrected; returns
    the number of destinations."""
    told = {
        "exam_session_id": session.reference,
        "former_exam_session_id": former,
        "exam_id": session.exam_reference,
        "corrected_at": format_utc(now_utc),
    }
    news = News(
        tenant_id=session.tenant_id,
        session_id=session.id,
        fact=Fact(DeliveryKind.SESSION_CORRECTED),
        subject_id=uuid7(),
        due_utc=now_utc,
    )
    rows = [_notice_row(keyring, news, home, told, now_utc) for _, home in _told_of(db, [session], now_utc)]
    insert_new(db, Delivery, rows)
    return len(rows)


def _told_of(
    db: Session, sessions: Sequence[ExamSession], now_utc: datetime
) -> list[tuple[ExamSession, Destination]]:
    """Sessions of one institution, each with the destinations that got something about it, or may have."""
    if not sessions:
        return []
    tenant_id, old_utc = sessions[0].tenant_id, now_utc - KEPT_FOR
    homes = db.exec(
        select(Destination).where(Destination.tenant_id == tenant_id, col(Destination.removed_utc).is_(None))
    ).all()
    knowing = _knowing(db, [one.id for one in sessions])
    found = []
    for session in sessions:
        for home in homes:
            perhaps = session.started_utc < old_utc and home.created_utc < (session.ended_utc or now_utc)
            if perhaps or (session.id, home.id) in knowing:
                found.append((session, home))
    return found


def _gets_names(home: Destination) -> bool:
    return DeliveryDetail.CANDIDATE in DestinationFilter.model_validate(home.wanted).details


def _knowing(db: Session, session_ids: Sequence[UUID]) -> set[tuple[UUID, UUID]]:
    """Sessions and the destinations that got something about them, or may be getting it now."""
    wanted = (
        select(Delivery.session_id, Delivery.destination_id)
        .join(Destination, col(Destination.id) == col(Delivery.destination_id))
        .where(
            col(Delivery.session_id).in_(session_ids),
            or_(
                col(Delivery.state) == DeliveryState.DELIVERED,
                col(Delivery.attempts) > 0,
                col(Delivery.place).is_not(None),
                and_(col(Delivery.state) == DeliveryState.WAITING, col(Destination.held_by).is_not(None)),
            ),
        )
    )
    return set(db.exec(wanted.distinct()).all())


def _erasure_row(
    keyring: Keyring, session: ExamSession, home: Destination, candidate: str, now_utc: datetime
) -> dict[str, object]:
    fact = Fact(DeliveryKind.PERSON_ERASED)
    news = News(
        tenant_id=session.tenant_id, session_id=session.id, fact=fact, subject_id=session.id, due_utc=now_utc
    )
    told = {
        "exam_session_id": session.reference,
        "exam_id": session.exam_reference,
        "erased_at": format_utc(now_utc),
    }
    if _gets_names(home):
        told["candidate_id"] = candidate
    return _notice_row(keyring, news, home, told, now_utc)


def _notice_row(
    keyring: Keyring, news: News, home: Destination, told: dict[str, str], now_utc: datetime
) -> dict[str, object]:
    row = _row(news, home.id, now_utc)
    return row | {"told_sealed": keyring.wrap(told_place(parcel_id(news)), canonical_json(told))}


def told_place(parcel: UUID) -> Place:
    """Where the names in the notice of an erasure or a correction are sealed."""
    return Place("deliveries", "told_sealed", parcel)


def take_back(db: Session, subject_id: UUID, now_utc: datetime) -> None:
    """Drop what is noted about something that was undone before its time had come."""
    db.exec(
        update(Delivery)
        .where(
            col(Delivery.subject_id) == subject_id,
            col(Delivery.state) == DeliveryState.WAITING,
            col(Delivery.due_utc) > now_utc,
        )
        .values(state=DeliveryState.DROPPED, reason=UNDONE, settled_utc=now_utc)
    )


def _row(news: News, destination_id: UUID, now_utc: datetime) -> dict[str, object]:
    return {
        "destination_id": destination_id,
        "tenant_id": news.tenant_id,
        "parcel_id": parcel_id(news),
        "kind": news.fact.kind,
        "subject_id": news.subject_id,
        "session_id": news.session_id,
        "revision": news.revision,
        "epoch": news.epoch,
        "event_type": news.fact.event_type,
        "event_class": news.fact.event_class,
        "state": DeliveryState.WAITING,
        "attempts": 0,
        "reason": None,
        "noted_utc": now_utc,
        "due_utc": news.due_utc,
        "next_try_utc": news.due_utc,
        "settled_utc": None,
        "place": None,
        "told_sealed": None,
    }

"""What was withdrawn, corrected or revoked since the oldest copy, as rows, and back. Flushes, never commits.

A restored database is as it was when it was copied. What people have taken back since must not come to life
with it, so the backup of the keyring, which is always the last one, has these rows as they are now.
"""

from __future__ import annotations

import base64
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from types import MappingProxyType
from typing import Any, Final
from uuid import UUID

from sqlmodel import Session, col, delete, func, select

from coordinator.backups.generation import RowNow
from coordinator.candidates.tables import Candidate, FormerReference
from coordinator.consents import service as consents
from coordinator.consents.tables import Consent
from coordinator.destinations import service as destinations
from coordinator.destinations.tables import Destination, DestinationCertificate
from coordinator.ground.columns import Row
from coordinator.nodes.tables import Node
from coordinator.privacy import correcting_service as correcting
from coordinator.sessions.tables import ExamSession
from coordinator.tenants.tables import Tenant
from coordinator.tokens.tables import IssuedToken, TokenKey

_BYTES: Final = frozenset({"der", "fingerprint", "reference_hash", "wrapped"})
"""Columns of bytes, which are base64 in a line."""


@dataclass(frozen=True, slots=True)
class _Taken:
    """Which rows of a table are taken, and what tells that they have changed."""

    table: Any
    which: Callable[[datetime], Sequence[Any]]
    marks: tuple[Any, ...]
    columns: frozenset[str] | None = None
    """Those that are taken; None: all."""


def _corrected(since_utc: datetime) -> Any:
    corrected = col(FormerReference.corrected_utc) >= since_utc
    return col(Candidate.id).in_(select(FormerReference.candidate_id).where(corrected))


def _sessions_corrected(since_utc: datetime) -> Any:
    corrected = col(FormerReference.corrected_utc) >= since_utc
    return col(ExamSession.id).in_(select(FormerReference.session_id).where(corrected))


_TAKEN: Final = (
    _Taken(Tenant, lambda since: [], (Tenant.disabled_utc,)),
    _Taken(TokenKey, lambda since: [], (TokenKey.retired_utc, TokenKey.revoked_utc)),
    _Taken(
        IssuedToken,
        lambda since: [col(IssuedToken.revoked_utc).is_not(None), col(IssuedToken.expires_utc) >= since],
        (IssuedToken.revoked_utc,),
    ),
    _Taken(Node, lambda since: [col(Node.revoked_utc).is_not(None)], (Node.revoked_utc,)),
    _Taken(
        Destination, lambda since: [col(Destination.removed_utc).is_not(None)], (Destination.removed_utc,)
    ),
    _Taken(
        DestinationCertificate,
        lambda since: [],
        (DestinationCertificate.created_utc, DestinationCertificate.ends_utc),
    ),
    _Taken(Candidate, lambda since: [_corrected(since), col(Candidate.erased_utc).is_(None)], ()),
    _Taken(
        ExamSession,
        lambda since: [_sessions_corrected(since), col(ExamSession.erased_utc).is_(None)],
        (),
        frozenset({"id", "tenant_id", "reference"}),
    ),
    _Taken(
        FormerReference,
        lambda since: [col(FormerReference.corrected_utc) >= since],
        (FormerReference.corrected_utc,),
    ),
    _Taken(Consent, lambda since: [col(Consent.created_utc) >= since], (Consent.created_utc,)),
)
"""In the order in which they are put back."""


def since(now_utc: datetime, keep_days: int) -> datetime:
    """From when on rows are taken: no copy that is kept is older. Whole days, so that it moves once a day."""
    oldest = now_utc - timedelta(days=keep_days + 2)
    return oldest.replace(hour=0, minute=0, second=0, microsecond=0)


def rows(db: Session, since_utc: datetime) -> Iterable[RowNow]:
    """What is taken, table by table."""
    for one in _TAKEN:
        for row in db.exec(select(one.table).where(*one.which(since_utc)).order_by(one.table.id)):
            yield RowNow(row.__tablename__, _dumped(row, one.columns))


def marks(db: Session, since_utc: datetime) -> str:
    """A text that changes with what is taken; costs less than reading it."""
    found = []
    for one in _TAKEN:
        # Counted too: what happens at the same time is not committed in the order of its instants.
        marks = [of(column) for column in one.marks for of in (func.count, func.max)]
        said = [func.count(one.table.id), *marks]
        counted = db.connection().execute(select(*said).where(*one.which(since_utc))).one()
        found.append((one.table.__tablename__, *counted))
    return repr(found)


def put_back(db: Session, taken: Iterable[RowNow], now_utc: datetime) -> int:
    """Let these rows be as they are now; returns how many were otherwise. What is of an institution or person
    that came after the copy is left out. Call it after the erasures, which free names."""
    tables = {one.table.__tablename__: one.table for one in _TAKEN}
    back = _Back(db, now_utc)
    for one in taken:
        if one.table in tables:  # else a later release took it
            back.take(tables[one.table], _loaded(one.row))
    back.finish()
    return back.changed


class _Back:
    """Rows that are put back, one by one."""

    def __init__(self, db: Session, now_utc: datetime) -> None:
        self._db = db
        self._now_utc = now_utc
        self._institutions = set(db.exec(select(Tenant.id)))
        self._names: dict[UUID, str] = {}
        self._session_names: dict[UUID, str] = {}
        self._said: set[UUID] = set()
        self._certificates: list[DestinationCertificate] = []
        self.changed = 0

    def take(self, table: type[Row], values: dict[str, Any]) -> None:
        if values.get("tenant_id", values["id"]) not in self._institutions:
            return
        if table is Candidate:
            self._names[values["id"]] = values["reference"]
        elif table is ExamSession:
            self._session_names[values["id"]] = values["reference"]
        elif "candidate_id" in values:
            self._take_of_person(table, values)
        elif table is DestinationCertificate:
            self._certificates.append(DestinationCertificate.model_validate(values))
        elif table is Destination:
            self._remove(values)
        elif table is Tenant:
            self._change(table, values, "disabled_utc", "disabled_by")
        else:
            self._put(table, values)

    def finish(self) -> None:
        """Correct names, after every person's former ones are there, settle running sessions, and accept the
        certificates that were accepted at last, and no others."""
        self._replace_certificates()
        people = self._people(self._names)
        wrong = [(one, name) for one in people if (name := self._names[one.id]) != one.reference]
        correcting.correct_again(self._db, wrong)
        self.changed += len(wrong) + self._correct_sessions()
        for person in self._people(self._said):
            for session in self._running(person):
                consents.settle(self._db, person, session)
        self._db.flush()

    def _take_of_person(self, table: type[Row], values: dict[str, Any]) -> None:
        if not self._people([values["candidate_id"]]):
            return
        if values.get("session_id") is not None and not self._sessions([values["session_id"]]):
            return
        if table is Consent:
            self._said.add(values["candidate_id"])
        self._put(table, values)

    def _correct_sessions(self) -> int:
        there = self._sessions(self._session_names)
        wrong = [(one, name) for one in there if (name := self._session_names[one.id]) != one.reference]
        correcting.correct_sessions_again(self._db, wrong)
        return len(wrong)

    def _put(self, table: type[Row], values: dict[str, Any]) -> None:
        there, made = self._db.get(table, values["id"]), table.model_validate(values)
        if there is None or _dumped(there) != _dumped(made):
            self._db.merge(made)
            self._db.flush()
            self.changed += 1

    def _change(self, table: type[Row], values: dict[str, Any], *columns: str) -> None:
        there, made = self._db.get(table, values["id"]), table.model_validate(values)
        if there is None or all(getattr(there, one) == getattr(made, one) for one in columns):
            return
        for one in columns:
            setattr(there, one, getattr(made, one))
        self._db.add(there)
        self._db.flush()
        self.changed += 1

    def _remove(self, values: dict[str, Any]) -> None:
        there, made = self._db.get(Destination, values["id"]), Destination.model_validate(values)
        if there is not None and there.removed_utc is None and made.removed_utc is not None:
            destinations.remove(self._db, there, made.removed_utc)
            self.changed += 1

    def _replace_certificates(self) -> None:
        there = {one.id: _dumped(one) for one in self._db.exec(select(DestinationCertificate))}
        living = set(self._db.exec(select(Destination.id).where(col(Destination.removed_utc).is_(None))))
        now = {one.id: one for one in self._certificates if one.destination_id in living}
        self._db.exec(delete(DestinationCertificate).where(col(DestinationCertificate.id).not_in(now)))
        for one in now.values():
            self._db.merge(one)
        self._db.flush()
        self.changed += sum(there.get(one) != _dumped(now[one]) for one in now) + len(
            there.keys() - now.keys()
        )

    def _people(self, ids: Iterable[UUID]) -> Sequence[Candidate]:
        wanted = select(Candidate).where(
            col(Candidate.id).in_(list(ids)), col(Candidate.erased_utc).is_(None)
        )
        return self._db.exec(wanted).all()

    def _sessions(self, ids: Iterable[UUID]) -> Sequence[ExamSession]:
        wanted = select(ExamSession).where(
            col(ExamSession.id).in_(list(ids)), col(ExamSession.erased_utc).is_(None)
        )
        return self._db.exec(wanted).all()

    def _running(self, person: Candidate) -> Sequence[ExamSession]:
        wanted = select(ExamSession).where(
            ExamSession.candidate_id == person.id,
            col(ExamSession.ended_utc).is_(None),
            col(ExamSession.expires_utc) > self._now_utc,
        )
        return self._db.exec(wanted).all()


def _dumped(row: Row, columns: frozenset[str] | None = None) -> Mapping[str, Any]:
    taken = frozenset(type(row).model_fields) if columns is None else columns
    values = row.model_dump(mode="json", include=set(taken - _BYTES))
    for name in _BYTES & taken:
        value = getattr(row, name)
        values[name] = None if value is None else base64.b64encode(value).decode("ascii")
    return MappingProxyType(values)


def _loaded(row: Mapping[str, Any]) -> dict[str, Any]:
    values: dict[str, Any] = {
        name: base64.b64decode(value) if name in _BYTES and value is not None else value
        for name, value in row.items()
    }
    for name in ("id", "tenant_id", "candidate_id", "session_id"):
        if values.get(name) is not None:
            values[name] = UUID(values[name])
    return values

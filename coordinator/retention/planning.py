"""Decides when something is due, and why it is kept although it is due. Pure.

An exam is over for a person when their last session of it has ended or expired. Nothing is erased while it is
under a legal hold, or while the review of an incident is going on: it is claimed, was confirmed by one
person, was opened again, or there is an appeal. What is of the person, such as the face template, waits for
all exams of the person. An incident that nobody has looked at is not under review. A log of features whose
consent was withdrawn waits for the end of its holds and for nothing else.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Final
from uuid import UUID

from coordinator.holds.covering import Hold, held
from shared.policy.terms import Retention
from shared.retention import DAYS, Kept

OF_EXAMS: Final = (Kept.EVIDENCE, Kept.FEATURES, Kept.ALERTS, Kept.RECORDS)
"""Classes of a person and an exam, in the order of their erasure."""
OF_PERSONS: Final = (Kept.TEMPLATES, Kept.RECORDS)


class Back(StrEnum):
    """Why something is kept although it is due."""

    HOLD = "legal-hold"
    REVIEW = "review"


@dataclass(frozen=True, slots=True, kw_only=True)
class ExamFacts:
    """One person's exam."""

    exam: str
    over_utc: datetime
    """When it is or will be over."""
    days: Retention
    under_review: bool = False
    left: frozenset[Kept]
    """The classes of which anything is left: a key or a row."""
    log_withdrawn_utc: datetime | None = None
    """When the candidate withdrew consent to the log of features, if a hold kept it then."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PersonFacts:
    """One person of an institution."""

    tenant_id: UUID
    candidate_id: UUID
    exams: tuple[ExamFacts, ...] = ()
    named_exams: frozenset[str] = frozenset()
    """Exams that the person sat, or for which they were enrolled."""
    known_utc: datetime
    """When something about the person was last agreed or recorded."""
    unused_until_utc: datetime | None = None
    """Until when a face may still serve that no session has used yet; None: there is no such face."""
    face_waits: bool = False
    """A new face waits for an administrator's decision."""
    left: frozenset[Kept] = frozenset()


@dataclass(frozen=True, slots=True, kw_only=True)
class Item:
    """Something that is kept until an instant."""

    kept: Kept
    candidate_id: UUID
    exam: str | None
    """None: it is of the person."""
    due_utc: datetime
    back: tuple[Back, ...] = ()
    """Why it is kept even longer."""

    def is_due(self, now_utc: datetime) -> bool:
        """Whether its time has come."""
        return self.due_utc <= now_utc

    def goes(self, now_utc: datetime) -> bool:
        """Whether it is to be erased now."""
        return self.is_due(now_utc) and not self.back


def plan(person: PersonFacts, holds: Iterable[Hold], now_utc: datetime) -> tuple[Item, ...]:
    """Everything of a person that is left, in the order in which it may be erased."""
    holds = tuple(holds)
    of_exams = [
        Item(
            kept=kept,
            candidate_id=person.candidate_id,
            exam=exam.exam,
            due_utc=_exam_due(exam, kept),
            back=_back(
                held(holds, person.candidate_id, {exam.exam}, now_utc),
                review=exam.under_review and not _is_withdrawn(exam, kept),
            ),
        )
        for exam in person.exams
        for kept in OF_EXAMS
        if kept in exam.left
    ]
    review = person.face_waits or any(exam.under_review for exam in person.exams)
    back = _back(held(holds, person.candidate_id, person.named_exams, now_utc), review=review)
    of_person = [
        Item(
            kept=kept,
            candidate_id=person.candidate_id,
            exam=None,
            due_utc=_personal_due(person, kept),
            back=back,
        )
        for kept in OF_PERSONS
        if kept in person.left
    ]
    return (*of_exams, *of_person)


def _exam_due(exam: ExamFacts, kept: Kept) -> datetime:
    due_utc = exam.over_utc + _period(kept, exam.days)
    if kept is Kept.FEATURES and exam.log_withdrawn_utc is not None:
        return min(due_utc, exam.log_withdrawn_utc)
    return due_utc


def _is_withdrawn(exam: ExamFacts, kept: Kept) -> bool:
    return kept is Kept.FEATURES and exam.log_withdrawn_utc is not None


def _personal_due(person: PersonFacts, kept: Kept) -> datetime:
    ends = [exam.over_utc + _period(kept, exam.days) for exam in person.exams]
    if kept is Kept.RECORDS or not ends:
        ends.append(person.known_utc + _period(kept, Retention()))
    if person.unused_until_utc is not None:
        ends.append(person.unused_until_utc)
    return max(ends)


def _period(kept: Kept, days: Retention) -> timedelta:
    return timedelta(days=DAYS[kept](days))


def _back(holds: tuple[Hold, ...], *, review: bool) -> tuple[Back, ...]:
    return (*((Back.HOLD,) if holds else ()), *((Back.REVIEW,) if review else ()))

"""What legal holds keep, and from when to when."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from uuid import UUID

import pytest

from coordinator.holds.covering import Hold, held, in_force
from shared.holds import HeldThing

NOW = datetime(2026, 11, 22, tzinfo=UTC)
ANN, BEN = UUID(int=1), UUID(int=2)
BEFORE = NOW - timedelta(days=1)
ON_ANN = Hold(id=UUID(int=11), thing=HeldThing.CANDIDATE, candidate_id=ANN, held_by="dora", held_utc=BEFORE)
ON_EXAM = replace(ON_ANN, id=UUID(int=12), thing=HeldThing.EXAM, candidate_id=None, exam_reference="BIO")
ON_INCIDENT = replace(
    ON_ANN, id=UUID(int=13), thing=HeldThing.INCIDENT, exam_reference="BIO", incident_id=UUID(int=99)
)


@pytest.mark.parametrize(
    ("person", "exams", "kept_by"),
    [
        (ANN, {"BIO"}, (ON_ANN, ON_EXAM, ON_INCIDENT)),
        (ANN, {"CHEM"}, (ON_ANN,)),
        (ANN, set(), (ON_ANN,)),
        (BEN, {"CHEM", "BIO"}, (ON_EXAM,)),
        (BEN, {"CHEM"}, ()),
        (BEN, set(), ()),
    ],
)
def test_a_hold_keeps_its_person_its_exam_or_the_exam_of_its_incident(
    person: UUID, exams: set[str], kept_by: tuple[Hold, ...]
) -> None:
    assert held((ON_ANN, ON_EXAM, ON_INCIDENT), person, exams, NOW) == kept_by


@pytest.mark.parametrize(
    ("until", "released", "kept"),
    [
        (None, None, True),
        (NOW + timedelta(milliseconds=1), None, True),
        (NOW, None, False),
        (NOW + timedelta(days=1), NOW - timedelta(hours=1), False),
        (None, NOW - timedelta(hours=1), False),
    ],
)
def test_a_hold_ends_at_its_instant_or_with_its_release(
    until: datetime | None, released: datetime | None, kept: bool
) -> None:
    hold = replace(ON_ANN, until_utc=until, released_utc=released)
    assert in_force(hold, NOW) is kept
    assert bool(held((hold,), ANN, set(), NOW)) is kept

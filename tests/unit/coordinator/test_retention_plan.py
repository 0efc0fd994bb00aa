"""What is due when, and why it is kept all the same."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from uuid import UUID

import pytest

from coordinator.holds.covering import Hold
from coordinator.retention.planning import Back, ExamFacts, Item, PersonFacts, plan
from shared.errors import Rejected
from shared.holds import HeldThing
from shared.policy.schema import parse_policy
from shared.policy.terms import Retention
from shared.retention import Kept, longest

OVER = datetime(2026, 11, 22, 18, tzinfo=UTC)
ANN = UUID(int=1)
ALL_OF_AN_EXAM = frozenset({Kept.EVIDENCE, Kept.ALERTS, Kept.RECORDS})
BIO = ExamFacts(exam="BIO", over_utc=OVER, days=Retention(), left=ALL_OF_AN_EXAM)
PERSON = PersonFacts(
    tenant_id=UUID(int=9),
    candidate_id=ANN,
    exams=(BIO,),
    named_exams=frozenset({"BIO"}),
    known_utc=OVER - timedelta(days=5),
    left=frozenset({Kept.TEMPLATES, Kept.RECORDS}),
)
HOLD = Hold(id=UUID(int=5), thing=HeldThing.CANDIDATE, candidate_id=ANN, held_by="dora", held_utc=OVER)
MOMENT = timedelta(microseconds=1)


def days(count: int) -> timedelta:
    return timedelta(days=count)


def due(person: PersonFacts, at_utc: datetime = OVER) -> dict[tuple[Kept, str | None], timedelta]:
    """When everything of a person is due, after the end of the exam."""
    return {(one.kept, one.exam): one.due_utc - OVER for one in plan(person, (), at_utc)}


def gone(person: PersonFacts, at_utc: datetime, *holds: Hold) -> set[tuple[Kept, str | None]]:
    return {(one.kept, one.exam) for one in plan(person, holds, at_utc) if one.goes(at_utc)}


def test_each_class_is_due_its_days_after_the_exam() -> None:
    assert due(PERSON) == {
        (Kept.EVIDENCE, "BIO"): days(30),
        (Kept.ALERTS, "BIO"): days(30),
        (Kept.RECORDS, "BIO"): days(365),
        (Kept.TEMPLATES, None): days(90),
        (Kept.RECORDS, None): days(365),
    }


def test_nothing_goes_a_moment_before_its_boundary_and_it_goes_at_it() -> None:
    for one in plan(PERSON, (), OVER):
        place = (one.kept, one.exam)
        assert place not in gone(PERSON, one.due_utc - MOMENT)
        assert place in gone(PERSON, one.due_utc)


def test_a_policy_sets_the_days_and_records_outlast_what_they_are_about() -> None:
    own = Retention(templates_days=500, evidence_days=2, alerts_days=400)
    assert due(replace(PERSON, exams=(replace(BIO, days=own),))) == {
        (Kept.EVIDENCE, "BIO"): days(2),
        (Kept.ALERTS, "BIO"): days(400),
        (Kept.RECORDS, "BIO"): days(500),
        (Kept.TEMPLATES, None): days(500),
        (Kept.RECORDS, None): days(500),
    }


def test_what_is_of_the_person_waits_for_the_last_exam_and_what_is_of_an_exam_does_not() -> None:
    later = replace(BIO, exam="CHEM", over_utc=OVER + days(60))
    twice = replace(PERSON, exams=(BIO, later))
    assert due(twice)[Kept.TEMPLATES, None] == days(150)
    assert due(twice)[Kept.ALERTS, "BIO"] == days(30)
    assert gone(twice, OVER + days(31)) == {(Kept.EVIDENCE, "BIO"), (Kept.ALERTS, "BIO")}


def test_a_running_exam_is_over_only_at_its_end() -> None:
    running = replace(BIO, exam="CHEM", over_utc=OVER + days(400))
    found = gone(replace(PERSON, exams=(BIO, running)), OVER + days(399))
    assert found == {(kept, "BIO") for kept in ALL_OF_AN_EXAM}


def test_a_face_that_no_exam_has_used_waits_until_it_expires() -> None:
    waiting = replace(PERSON, unused_until_utc=OVER + days(200))
    assert due(waiting)[Kept.TEMPLATES, None] == days(200)
    assert due(replace(PERSON, unused_until_utc=OVER + days(20)))[Kept.TEMPLATES, None] == days(90)
    never_sat = replace(PERSON, exams=(), named_exams=frozenset())
    assert due(never_sat) == {(Kept.TEMPLATES, None): days(85), (Kept.RECORDS, None): days(360)}


@pytest.mark.parametrize(
    ("hold", "kept_back"),
    [
        (HOLD, {None, "BIO", "CHEM"}),
        (replace(HOLD, thing=HeldThing.EXAM, candidate_id=None, exam_reference="BIO"), {None, "BIO"}),
        (replace(HOLD, thing=HeldThing.INCIDENT, exam_reference="BIO"), {None, "BIO"}),
        (replace(HOLD, candidate_id=UUID(int=2)), set()),
        (replace(HOLD, thing=HeldThing.EXAM, candidate_id=None, exam_reference="ART"), set()),
        (replace(HOLD, released_utc=OVER), set()),
        (replace(HOLD, until_utc=OVER + days(399)), set()),
    ],
)
def test_what_is_held_stays_and_the_person_stays_with_it(hold: Hold, kept_back: set[str | None]) -> None:
    both = replace(PERSON, exams=(BIO, replace(BIO, exam="CHEM")), named_exams=frozenset({"BIO", "CHEM"}))
    at_utc = OVER + days(400)
    items = plan(both, (hold,), at_utc)
    assert {one.exam for one in items if one.back == (Back.HOLD,)} == kept_back
    assert {one.exam for one in items if one.goes(at_utc)} == {None, "BIO", "CHEM"} - kept_back


def test_an_exam_for_which_a_person_was_only_enrolled_holds_their_face() -> None:
    enrolled = replace(PERSON, exams=(), named_exams=frozenset({"ART"}))
    hold = replace(HOLD, thing=HeldThing.EXAM, candidate_id=None, exam_reference="ART")
    assert gone(enrolled, OVER + days(400), hold) == set()
    assert gone(enrolled, OVER + days(400)) == {(Kept.TEMPLATES, None), (Kept.RECORDS, None)}


def test_a_review_keeps_its_exam_and_the_person_and_after_it_everything_goes() -> None:
    both = replace(PERSON, exams=(replace(BIO, under_review=True), replace(BIO, exam="CHEM")))
    at_utc = OVER + days(400)
    assert {exam for _, exam in gone(both, at_utc)} == {"CHEM"}
    assert {one.back for one in plan(both, (), at_utc) if one.exam != "CHEM"} == {(Back.REVIEW,)}
    [*_, last] = plan(both, (HOLD,), at_utc)
    assert last.back == (Back.HOLD, Back.REVIEW)
    assert {exam for _, exam in gone(replace(both, exams=(BIO,)), at_utc)} == {None, "BIO"}


def test_a_new_face_that_waits_for_a_decision_keeps_the_face() -> None:
    assert (Kept.TEMPLATES, None) not in gone(replace(PERSON, face_waits=True), OVER + days(400))


def test_of_what_is_gone_nothing_is_planned() -> None:
    left = replace(PERSON, exams=(replace(BIO, left=frozenset({Kept.RECORDS})),), left=frozenset())
    assert due(left) == {(Kept.RECORDS, "BIO"): days(365)}


def test_the_longest_terms_of_several_sessions_count() -> None:
    several = [Retention(templates_days=10), Retention(alerts_days=60, evidence_days=1), Retention()]
    assert longest(several) == Retention(templates_days=90, alerts_days=60, evidence_days=30)
    assert longest([]) == Retention()


def test_an_item_that_is_kept_back_is_due_all_the_same() -> None:
    item = Item(kept=Kept.ALERTS, candidate_id=ANN, exam="BIO", due_utc=OVER, back=(Back.REVIEW,))
    assert (item.is_due(OVER), item.goes(OVER)) == (True, False)


@pytest.mark.parametrize(
    "wrong",
    [
        {"templates_days": 0},
        {"alerts_days": 3_651},
        {"evidence_days": 31},
        {"alerts_days": 29},
        {"audit_days": 5},
    ],
)
def test_a_policy_with_impossible_days_is_refused(wrong: dict[str, int]) -> None:
    with pytest.raises(Rejected) as refused:
        parse_policy({"retention": wrong})
    assert "retention" in str(refused.value) or "retention" in str(refused.value.errors)


def test_a_withdrawn_log_waits_for_its_hold_and_for_nothing_else() -> None:
    left = ALL_OF_AN_EXAM | {Kept.FEATURES}
    withdrawn = replace(BIO, left=left, log_withdrawn_utc=OVER - days(1), under_review=True)
    person = replace(PERSON, exams=(withdrawn, replace(withdrawn, exam="ART", log_withdrawn_utc=None)))
    hold = replace(HOLD, until_utc=OVER + days(7))
    assert (Kept.FEATURES, "BIO") not in gone(person, OVER + days(7) - MOMENT, hold)
    assert gone(person, OVER + days(7), hold) == {(Kept.FEATURES, "BIO")}

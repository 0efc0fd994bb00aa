"""What a candidate is told, and how often a rule was right."""

from __future__ import annotations

from uuid import UUID

import pytest

from coordinator.incidents.states import VERDICTS, Decision, State
from coordinator.incidents.tables import Incident
from coordinator.reviews.effect import Told
from coordinator.reviews.outcomes import outcome_out, rule_precision
from shared.events.types import EventType
from tests.support.alerts import MADE_UTC, SESSION, alert


def incident() -> Incident:
    return Incident(
        id=UUID(int=1),
        tenant_id=UUID(int=2),
        session_id=SESSION,
        state=State.OPEN,  # what is told goes by what is in effect
        queue_place=0,
        severity=0.987,
        events=["FACE_NOT_FOUND"],
        alert_count=2,
        begins_utc=MADE_UTC,
        created_utc=MADE_UTC,
    )


@pytest.mark.parametrize("state", [State.SECONDING, State.MERGED])
def test_nobody_is_told_of_what_is_no_verdict(state: State) -> None:
    with pytest.raises(ValueError, match="is not told"):
        outcome_out(incident(), Told(state), [])


@pytest.mark.parametrize("state", list(VERDICTS))
def test_only_a_confirmed_incident_may_be_appealed(state: State) -> None:
    told = outcome_out(incident(), Told(state), [])
    assert (told.outcome, told.may_appeal) == (state.value, state is State.CONFIRMED)


def test_a_decision_that_was_told_and_taken_back_is_corrected_in_words() -> None:
    reopened = outcome_out(incident(), Told(State.OPEN, None, corrected=True), [])
    assert (reopened.outcome, reopened.may_appeal) == ("reopened", False)
    assert "no longer counts" in reopened.explanation
    anew = outcome_out(incident(), Told(State.DISMISSED, None, corrected=True), [])
    assert "This replaces the earlier decision" in anew.explanation
    first = outcome_out(incident(), Told(State.DISMISSED), [])
    assert "replaces" not in first.explanation


def test_a_candidate_is_told_each_sentence_once_and_no_score() -> None:
    alerts = [alert(SESSION, 1.0), alert(SESSION, 2.0)]
    told = outcome_out(incident(), Told(State.DISMISSED), alerts)
    assert told.observed == ["No face in the picture"]
    assert "0.987" not in told.model_dump_json()
    assert "5 s" not in told.model_dump_json()


@pytest.mark.parametrize("cleared", [False, True])
def test_a_candidate_is_told_what_was_noticed_and_not_what_its_screen_said_then(cleared: bool) -> None:
    thanks = {"message": "Thank you, you are alone in the picture again.", "cleared": MADE_UTC}
    second = alert(SESSION, 1.0, EventType.MULTIPLE_FACES).model_copy(update=thanks if cleared else {})
    told = outcome_out(incident(), Told(State.CONFIRMED), [second, alert(SESSION, 3.0)])
    assert told.observed == ["More than one face", "No face in the picture"]
    assert told.explanation == "Two reviewers looked at this and confirmed it. You may appeal against it."


def test_precision_is_confirmed_out_of_decided() -> None:
    some = rule_precision(EventType.FACE_MISMATCH, {Decision.CONFIRMED: 1, Decision.DISMISSED: 2})
    assert (some.decided, some.precision) == (3, 0.3333)
    none = rule_precision(EventType.FACE_MISMATCH, dict.fromkeys(Decision, 0))
    assert (none.decided, none.precision) == (0, None)

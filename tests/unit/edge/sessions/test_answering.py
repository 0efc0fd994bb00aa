"""How many offers are answered at a time."""

from __future__ import annotations

from contextlib import ExitStack
from uuid import UUID

import pytest

from edge.sessions.answering import AGAIN_AFTER_S, OFFERS_OF_SESSION, Answering
from edge.sessions.port import AssignmentId
from shared.errors import Rejected


def session(number: int) -> AssignmentId:
    return AssignmentId(UUID(int=number), 1)


def refused(answering: Answering, of: AssignmentId) -> bool:
    try:
        with answering.one(of):
            return False
    except Rejected as error:
        return (error.status, error.retry_after_s) == (429, AGAIN_AFTER_S)


def test_one_session_has_few_offers_at_a_time_and_takes_no_other_ones_place() -> None:
    answering = Answering(10)
    with ExitStack() as under_way:
        for _ in range(OFFERS_OF_SESSION):
            under_way.enter_context(answering.one(session(1)))
        assert refused(answering, session(1))
        assert not refused(answering, session(2))
        answering.check()
    assert not refused(answering, session(1))


def test_above_the_bound_nobody_is_answered_and_each_answer_makes_room() -> None:
    answering = Answering(3)
    with ExitStack() as first, ExitStack() as others:
        first.enter_context(answering.one(session(1)))
        for number in (2, 3):
            others.enter_context(answering.one(session(number)))
        assert refused(answering, session(4))
        with pytest.raises(Rejected):
            answering.check()
        first.close()
        answering.check()
        assert not refused(answering, session(4))


def test_an_offer_that_fails_makes_room_too() -> None:
    answering = Answering(1)
    for _ in range(3):
        with pytest.raises(ZeroDivisionError), answering.one(session(1)):
            raise ZeroDivisionError
    answering.check()

"""The review of an incident: every state with every act."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from itertools import product

import pytest

from coordinator.incidents.states import State, queue_place
from coordinator.reviews.states import CLAIM_LASTS, MAX_ACTS, TABLE, Act, Review, decide
from shared.errors import Rejected

NOW = datetime(2026, 11, 22, 15, tzinfo=UTC)
S, M = State, "incident-merged"
WHOLE = {
    #                claim         release       comment       confirm           dismiss
    S.OPEN:         (S.OPEN,       S.OPEN,       S.OPEN,       S.SECONDING,      S.DISMISSED),
    S.SECONDING:    (S.SECONDING,  S.SECONDING,  S.SECONDING,  S.CONFIRMED,      S.DISMISSED),
    S.CONFIRMED:    (S.CONFIRMED,  S.CONFIRMED,  S.CONFIRMED,  "already-decided", "already-decided"),
    S.DISMISSED:    (S.DISMISSED,  S.DISMISSED,  S.DISMISSED,  "already-decided", "already-decided"),
    S.APPEALED:     (S.APPEALED,   S.APPEALED,   S.APPEALED,   "already-decided", "already-decided"),
    S.UPHELD:       (S.UPHELD,     S.UPHELD,     S.UPHELD,     "already-decided", "already-decided"),
    S.OVERTURNED:   (S.OVERTURNED, S.OVERTURNED, S.OVERTURNED, "already-decided", "already-decided"),
    S.MERGED:       (M, M, M, M, M),
}  # fmt: skip
REST = {
    #                reopen           appeal               uphold           overturn
    S.OPEN:         ("not-decided",   "nothing-to-appeal", "not-appealed",  "not-appealed"),
    S.SECONDING:    ("not-decided",   "nothing-to-appeal", "not-appealed",  "not-appealed"),
    S.CONFIRMED:    (S.OPEN,          S.APPEALED,          "not-appealed",  "not-appealed"),
    S.DISMISSED:    (S.OPEN,          "nothing-to-appeal", "not-appealed",  "not-appealed"),
    S.APPEALED:     ("not-decided",   "nothing-to-appeal", S.UPHELD,        S.OVERTURNED),
    S.UPHELD:       (S.OPEN,          "nothing-to-appeal", "not-appealed",  "not-appealed"),
    S.OVERTURNED:   (S.OPEN,          "nothing-to-appeal", "not-appealed",  "not-appealed"),
    S.MERGED:       (M, M, M, M),
}  # fmt: skip
ACTS = (Act.CLAIM, Act.RELEASE, Act.COMMENT, Act.CONFIRM, Act.DISMISS)
MORE = (Act.REOPEN, Act.APPEAL, Act.UPHOLD, Act.OVERTURN)


def refused(review: Review, act: Act, who: str = "ann", now: datetime = NOW) -> tuple[str, int]:
    with pytest.raises(Rejected) as caught:
        decide(review, act, who, now)
    return caught.value.code, caught.value.status


def test_the_table_is_whole_and_as_written_here() -> None:
    written = {(s, a): w for s, row in WHOLE.items() for a, w in zip(ACTS, row, strict=True)}
    written |= {(s, a): w for s, row in REST.items() for a, w in zip(MORE, row, strict=True)}
    assert dict(TABLE) == written
    assert set(written) == set(product(State, Act))


@pytest.mark.parametrize(("state", "act"), sorted(product(State, Act)))
def test_every_act_in_every_state_is_done_or_refused_by_its_code(state: State, act: Act) -> None:
    review = Review(state=state, claimed_by="ann", claim_expires=NOW + CLAIM_LASTS, changed=True)
    expected = TABLE[state, act]
    if isinstance(expected, State):
        assert decide(review, act, "ann", NOW) is expected
    else:
        assert refused(review, act) == (expected, 409)


def test_a_second_confirmation_is_another_persons() -> None:
    seconding = Review(state=State.SECONDING, confirmed_by=frozenset({"ann"}), reviewed_by=frozenset({"ann"}))
    assert refused(seconding, Act.CONFIRM, "ann") == ("second-person-needed", 403)
    assert decide(seconding, Act.CONFIRM, "bob", NOW) is State.CONFIRMED
    assert decide(seconding, Act.DISMISS, "ann", NOW) is State.DISMISSED  # may take her own word back


@pytest.mark.parametrize("act", [Act.UPHOLD, Act.OVERTURN])
def test_an_appeal_is_decided_by_nobody_who_reviewed_it(act: Act) -> None:
    appealed = Review(state=State.APPEALED, reviewed_by=frozenset({"ann", "bob"}))
    assert refused(appealed, act, "bob") == ("reviewed-it-yourself", 403)
    assert decide(appealed, act, "eve", NOW) in (State.UPHELD, State.OVERTURNED)


@pytest.mark.parametrize("act", [Act.CLAIM, Act.CONFIRM, Act.DISMISS])
def test_a_claim_keeps_others_out_until_it_is_over(act: Act) -> None:
    claimed = Review(state=State.OPEN, claimed_by="bob", claim_expires=NOW + CLAIM_LASTS)
    assert refused(claimed, act) == ("claimed-by-another", 409)
    assert refused(claimed, act, now=NOW + CLAIM_LASTS - timedelta(seconds=1))[0] == "claimed-by-another"
    decide(claimed, act, "ann", NOW + CLAIM_LASTS)
    decide(claimed, act, "bob", NOW)


def test_a_claim_hinders_neither_comment_nor_appeal() -> None:
    claimed = Review(state=State.CONFIRMED, claimed_by="bob", claim_expires=NOW + CLAIM_LASTS)
    assert decide(claimed, Act.COMMENT, "ann", NOW) is State.CONFIRMED
    assert decide(claimed, Act.APPEAL, "CAND-1", NOW) is State.APPEALED


def test_only_whoever_claimed_releases() -> None:
    assert refused(Review(state=State.OPEN), Act.RELEASE) == ("not-claimed", 409)


def test_a_verdict_is_opened_again_only_when_something_came_to_it() -> None:
    assert refused(Review(state=State.DISMISSED), Act.REOPEN) == ("nothing-changed", 409)
    assert decide(Review(state=State.DISMISSED, changed=True), Act.REOPEN, "ann", NOW) is State.OPEN


def test_the_queue_puts_the_unreviewed_first_then_the_worst() -> None:
    places = [
        queue_place(State.OPEN, 0.95, changed=False),
        queue_place(State.DISMISSED, 0.9, changed=True),
        queue_place(State.OPEN, 0.2, changed=False),
        queue_place(State.APPEALED, 0.9, changed=False),
        queue_place(State.SECONDING, 0.5, changed=False),
        queue_place(State.CONFIRMED, 1.0, changed=False),
        queue_place(State.MERGED, 1.0, changed=False),
    ]
    assert places == sorted(set(places))


def test_a_full_history_takes_verdicts_and_nothing_else() -> None:
    full = Review(state=State.OPEN, claimed_by="ann", acts=MAX_ACTS)
    for act in (Act.COMMENT, Act.CLAIM):
        assert refused(full, act) == ("history-full", 409)
        assert decide(Review(state=State.OPEN, acts=MAX_ACTS - 1), act, "ann", NOW) is State.OPEN
    assert decide(full, Act.RELEASE, "ann", NOW) is State.OPEN
    assert decide(full, Act.DISMISS, "ann", NOW) is State.DISMISSED


def test_a_verdict_on_alerts_that_were_not_shown_is_none() -> None:
    unseen = Review(state=State.OPEN, unseen=True)
    assert refused(unseen, Act.DISMISS) == ("incident-grown", 409)
    assert refused(Review(state=State.DISMISSED, unseen=True), Act.DISMISS) == ("already-decided", 409)

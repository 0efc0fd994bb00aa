"""The review of an incident: every state with every act."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from itertools import product

import pytest

from coordinator.incidents.states import State, queue_place
from coordinator.reviews.states import CLAIM_LASTS, MAX_ACTS, TABLE, Act, Review, decide
from shared.errors import Rejected

NOW = datetime(2026, 11, 22, 15, tzinfo=UTC)
S, M, NONE = State, "incident-merged", "nothing-to-undo"
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
    #                reopen           appeal               uphold           overturn         undo
    S.OPEN:         ("not-decided",   "nothing-to-appeal", "not-appealed",  "not-appealed",  NONE),
    S.SECONDING:    ("not-decided",   "nothing-to-appeal", "not-appealed",  "not-appealed",  S.OPEN),
    S.CONFIRMED:    (S.OPEN,          S.APPEALED,          "not-appealed",  "not-appealed",  S.SECONDING),
    S.DISMISSED:    (S.OPEN,          "nothing-to-appeal", "not-appealed",  "not-appealed",  S.OPEN),
    S.APPEALED:     ("not-decided",   "nothing-to-appeal", S.UPHELD,        S.OVERTURNED,    NONE),
    S.UPHELD:       (S.OPEN,          "nothing-to-appeal", "not-appealed",  "not-appealed",  S.APPEALED),
    S.OVERTURNED:   (S.OPEN,          "nothing-to-appeal", "not-appealed",  "not-appealed",  S.APPEALED),
    S.MERGED:       (M, M, M, M, M),
}  # fmt: skip
ACTS = (Act.CLAIM, Act.RELEASE, Act.COMMENT, Act.CONFIRM, Act.DISMISS)
MORE = (Act.REOPEN, Act.APPEAL, Act.UPHOLD, Act.OVERTURN, Act.UNDO)
SOON = NOW + timedelta(seconds=10)


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
    expected = TABLE[state, act]
    review = Review(state=state, claimed_by="ann", claim_expires=NOW + CLAIM_LASTS, changed=True)
    if act is Act.UNDO and isinstance(expected, State):
        review = replace(review, before=expected, undo_until=SOON, latest_by="ann")
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


JUDGED = Review(state=State.CONFIRMED, verdict_by=frozenset({"ann", "bob"}))
APPEAL_DECIDED = Review(
    state=State.OVERTURNED, verdict_by=frozenset({"eve"}), reviewed_by=frozenset({"ann", "bob", "eve"})
)


@pytest.mark.parametrize(
    ("review", "who", "expected"),
    [
        (JUDGED, "ann", State.OPEN),
        (JUDGED, "bob", State.OPEN),
        (JUDGED, "joe", ("not-your-verdict", 403)),
        (replace(JUDGED, changed=True), "joe", State.OPEN),
        (replace(JUDGED, administrator=True), "joe", State.OPEN),
        (APPEAL_DECIDED, "eve", State.OPEN),
        (APPEAL_DECIDED, "ann", ("reviewed-it-yourself", 403)),
        (replace(APPEAL_DECIDED, administrator=True), "ann", ("reviewed-it-yourself", 403)),
        (replace(APPEAL_DECIDED, administrator=True), "joe", State.OPEN),
        (APPEAL_DECIDED, "joe", ("not-your-verdict", 403)),
        (replace(JUDGED, acts=MAX_ACTS), "ann", ("history-full", 409)),
        (replace(JUDGED, acts=MAX_ACTS, changed=True), "ann", State.OPEN),
    ],
)
def test_a_verdict_is_reopened_by_whoever_gave_it_or_when_it_grew_or_by_administrators(
    review: Review, who: str, expected: State | tuple[str, int]
) -> None:
    if isinstance(expected, State):
        assert decide(review, Act.REOPEN, who, NOW) is expected
    else:
        assert refused(review, Act.REOPEN, who) == expected


PENDING = Review(state=State.DISMISSED, before=State.SECONDING, latest_by="ann", undo_until=SOON)


@pytest.mark.parametrize(
    ("review", "who", "at", "expected"),
    [
        (PENDING, "ann", NOW, State.SECONDING),
        (PENDING, "ann", SOON - timedelta(microseconds=1), State.SECONDING),
        (PENDING, "ann", SOON, ("too-late-to-undo", 409)),
        (PENDING, "bob", NOW, ("not-your-verdict", 403)),
        (replace(PENDING, administrator=True), "bob", NOW, ("not-your-verdict", 403)),
        (replace(PENDING, undo_until=None), "ann", NOW, ("too-late-to-undo", 409)),
        (replace(PENDING, latest_by=None), "ann", NOW, (NONE, 409)),
        (replace(PENDING, acts=MAX_ACTS), "ann", NOW, ("history-full", 409)),
        (
            replace(PENDING, claimed_by="bob", claim_expires=NOW + CLAIM_LASTS),
            "ann",
            NOW,
            State.SECONDING,
        ),
    ],
)
def test_only_whoever_gave_the_latest_verdict_undoes_it_and_only_before_it_is_in_effect(
    review: Review, who: str, at: datetime, expected: State | tuple[str, int]
) -> None:
    if isinstance(expected, State):
        assert decide(review, Act.UNDO, who, at) is expected
    else:
        assert refused(review, Act.UNDO, who, at) == expected


def test_nobody_appeals_against_a_verdict_that_is_not_in_effect_yet() -> None:
    pending = Review(state=State.CONFIRMED, undo_until=SOON, latest_by="bob")
    assert refused(pending, Act.APPEAL, "CAND-1") == ("nothing-to-appeal", 409)
    assert decide(pending, Act.APPEAL, "CAND-1", SOON) is State.APPEALED


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

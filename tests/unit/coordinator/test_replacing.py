"""Whether pictures show one person, and until when faces count while another one waits."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from coordinator.enrollments.replacing import (
    Pair,
    check_enough,
    disagreement,
    expired,
    likeness,
    moved_expiry,
    worst_of,
)
from models.manifest import load_manifest
from models.similarity import ACCEPTED, Similarity
from models.tasks import Task
from shared.errors import Rejected
from shared.messages.comparing import AGREE

NOON = datetime(2026, 11, 22, 12, tzinfo=UTC)
HOUR = timedelta(hours=1)


def test_the_bound_lies_between_strangers_and_one_persons_pictures_for_every_recogniser() -> None:
    for entry in load_manifest().entries:
        if entry.task is not Task.FACE_RECOGNITION or entry.calibration is None:
            continue
        scale = Similarity(entry.calibration.knots)
        # Down to there pictures of one person came when the recogniser was calibrated.
        lowest_own = entry.calibration.doubt_from
        assert (ACCEPTED if lowest_own is None else scale.of(lowest_own)) >= AGREE, entry.name
        one_stranger_in_a_hundred = entry.calibration.knots[1][0]
        assert scale.of(one_stranger_in_a_hundred) < AGREE, entry.name


@pytest.mark.parametrize(
    ("similarities", "worst"),
    [
        ([], None),
        ([0.9], None),
        ([AGREE], None),
        ([0.9, AGREE - 0.01], 1),
        ([0.5, 0.2, 0.4, 0.9], 1),  # the worst is named, not the first
    ],
)
def test_the_worst_pair_that_disagrees_is_named(similarities: list[float], worst: int | None) -> None:
    pairs = [Pair(place, place + 1, similarity) for place, similarity in enumerate(similarities)]
    found = worst_of(pairs)
    assert found == (None if worst is None else pairs[worst])


def test_a_refusal_names_both_pictures_and_no_score() -> None:
    refused = disagreement(Pair(4, 1, 0.123))
    assert (refused.code, refused.status) == ("pictures-disagree", 422)
    assert [error["path"] for error in refused.errors] == ["body.images.1", "body.images.4"]
    assert "pictures 2 and 5" in str(refused)
    assert "0.1" not in str(refused) + str(refused.errors)


@pytest.mark.parametrize(
    ("similarities", "found"),
    [
        ([0.9, 0.7], ("alike", 0.7)),
        ([0.9, 0.3], ("unlike", 0.3)),
        ([None, 0.3], ("unlike", 0.3)),
        ([None, AGREE], ("alike", AGREE)),
        ([None], ("unknown", None)),
        ([], ("unknown", None)),
    ],
)
def test_what_cannot_be_compared_is_not_alike(similarities: list[float | None], found: object) -> None:
    assert likeness(similarities) == found


def test_a_candidate_sends_three_pictures() -> None:
    with pytest.raises(Rejected) as refused:
        check_enough(2)
    assert (refused.value.code, refused.value.errors[0]["path"]) == ("too-few-pictures", "body.images")
    check_enough(3)


@pytest.mark.parametrize(
    ("expires", "waiting_since", "is_expired"),
    [
        (None, None, False),
        (NOON + HOUR, None, False),
        (NOON, None, True),
        (NOON - HOUR, NOON - 2 * HOUR, False),  # another face waits since before
        (NOON - HOUR, NOON - HOUR / 2, True),  # it had expired when the other one came
        (NOON - HOUR, NOON - HOUR, True),
    ],
)
def test_nothing_expires_while_another_face_waits(
    expires: datetime | None, waiting_since: datetime | None, *, is_expired: bool
) -> None:
    assert expired(expires, waiting_since, NOON) is is_expired


@pytest.mark.parametrize(
    ("expires", "waits", "moved"),
    [
        (None, [NOON - HOUR], None),
        (NOON - HOUR / 2, [NOON - HOUR], NOON + HOUR / 2),
        (NOON + HOUR, [NOON - HOUR], NOON + 2 * HOUR),
        (NOON + HOUR, [NOON - 3 * HOUR, NOON - HOUR], NOON + 2 * HOUR),  # only the time of both counts
        (NOON - 2 * HOUR, [NOON - HOUR], NOON - 2 * HOUR),
        (NOON + HOUR, [NOON + HOUR / 2], NOON + HOUR),
    ],
)
def test_the_time_of_the_wait_is_given_back(
    expires: datetime | None, waits: list[datetime], moved: datetime | None
) -> None:
    assert moved_expiry(expires, waits, NOON) == moved

"""Identity is counted in checks: who is somebody else is found, who cannot be checked is not accused."""

from __future__ import annotations

import pytest

from edge.judging.policy_settings import monitor_settings
from edge.rules.findings import Finding
from edge.rules.monitor import Monitor
from shared.events.types import EventType
from shared.observations import Observation
from shared.policy.schema import Policy
from tests.support.observations import BLACK, ONE, arrival, check, every, face, frame, lines, moved, play

MATCH, MISMATCH, UNGATED = 0.86, 0.55, None


def checks(*similarities: float | None) -> list[Observation]:
    """One check a second, each beside the same face, among frames that are not analysed."""
    looks = [frame(float(at), faces=ONE, identity=check(value)) for at, value in enumerate(similarities)]
    between = [arrival(at + number / 5) for at in range(len(similarities)) for number in range(1, 5)]
    return sorted([*looks, *between], key=lambda each: each.at)


def findings(observations: list[Observation]) -> list[Finding]:
    return play(Monitor(monitor_settings(Policy())), observations)


def mismatches(observations: list[Observation]) -> list[tuple[str, str, float]]:
    return [line for line in lines(findings(observations)) if line[0] == "FACE_MISMATCH"]


@pytest.mark.parametrize(
    ("similarities", "expected"),
    [
        ([MISMATCH] * 3 + [MATCH], []),
        ([MISMATCH] * 3 + [MATCH] + [MISMATCH] * 3, []),
        ([MATCH, *[MISMATCH] * 4], [("raised", 1.0)]),
        ([MISMATCH, MISMATCH, UNGATED, UNGATED, MISMATCH], []),
        ([MISMATCH, MISMATCH, UNGATED, UNGATED, MISMATCH, MISMATCH], [("raised", 0.0)]),
        ([UNGATED] * 20, []),
        ([0.75] * 10, []),
        ([0.749] * 4, [("raised", 0.0)]),
        ([MISMATCH] * 5 + [MATCH] * 3, [("raised", 0.0), ("cleared", 5.0)]),
        ([MISMATCH] * 5 + [MATCH] * 2, [("raised", 0.0)]),
        ([MISMATCH] * 5 + [MATCH, UNGATED, MATCH, MATCH], [("raised", 0.0), ("cleared", 5.0)]),
        ([MISMATCH] * 5 + [MATCH, MATCH, MISMATCH, MATCH, MATCH, MATCH], [("raised", 0.0), ("cleared", 8.0)]),
    ],
)
def test_four_mismatches_in_a_row_raise_and_three_matches_in_a_row_clear(
    similarities: list[float | None], expected: list[tuple[str, float]]
) -> None:
    assert [line[1:] for line in mismatches(checks(*similarities))] == expected


def test_mismatches_of_long_ago_do_not_count_with_those_of_now() -> None:
    before, empty = checks(MISMATCH, MISMATCH, MISMATCH), every(3, 35, frame(0, faces=()))
    assert mismatches([*before, *empty, *(moved(each, 35) for each in checks(MISMATCH))]) == []
    after = [moved(each, 35) for each in checks(*[MISMATCH] * 4)]
    assert [line[1:] for line in mismatches([*before, *empty, *after])] == [("raised", 35.0)]


def test_mismatches_before_a_hand_over_count_with_those_after_it() -> None:
    first, second = (Monitor(monitor_settings(Policy())) for _ in range(2))
    play(first, checks(MISMATCH, MISMATCH, MISMATCH))
    second.restore(first.snapshot(), resumed_s=40.0)
    said = play(second, [moved(each, 40) for each in checks(MISMATCH)])
    (raised,) = [each for each in said if each.event is EventType.FACE_MISMATCH]
    assert raised.onset_s == 0.0


def test_the_fourth_mismatch_raises_with_the_evidence_of_the_seed() -> None:
    raised = findings(checks(*[0.68] * 4))[-1]
    assert raised.at_s == 3.0
    assert raised.evidence == {
        "enrolled_embedding_id": "0b9bc8f5-65b8-4f4a-8a0a-14f5a3c8a0de",
        "current_similarity": 0.68,
        "threshold": 0.75,
        "frame_quality_score": 0.8,
        "consecutive_mismatches": 4,
        "recogniser": "test@1",
        "duration_seconds": 3.0,
        "frames_looked_at": 4,
        "frame_ids": [0, 45],
    }


def test_a_further_mismatch_is_more_certain() -> None:
    near, far = findings(checks(*[0.74] * 4))[-1], findings(checks(*[0.50] * 4))[-1]
    assert near.confidence == pytest.approx(0.52)
    assert far.confidence == 1.0


def test_checks_in_the_dark_count_for_neither() -> None:
    dark = [frame(float(at), faces=ONE, identity=check(MISMATCH), picture=BLACK) for at in range(3)]
    assert mismatches(dark) == []


def test_a_face_that_cannot_be_checked_is_unverified_and_no_mismatch() -> None:
    assert lines(findings(checks(MATCH, *[UNGATED] * 34, MATCH))) == [
        ("IDENTITY_UNVERIFIED", "raised", 1.0),
        ("IDENTITY_UNVERIFIED", "cleared", 35.0),
    ]


def test_unverified_names_what_the_frames_failed_at() -> None:
    ungated = [frame(at / 2, faces=ONE, identity=check(UNGATED) if at % 2 else None) for at in range(62)]
    raised = findings(ungated)[-1]
    assert raised.event is EventType.IDENTITY_UNVERIFIED
    assert raised.evidence["failed_gates"] == "brightness"
    assert raised.evidence["last_passed_check"] is None


def test_a_mismatch_is_a_check_that_was_possible() -> None:
    assert {line[0] for line in lines(findings(checks(*[MISMATCH] * 60)))} == {"FACE_MISMATCH"}


def test_two_faces_cannot_be_checked_either() -> None:
    two = (face(), face(120, 0.8, x_px=420))
    assert "IDENTITY_UNVERIFIED" in {line[0] for line in lines(findings(every(0, 40, frame(0, faces=two))))}


def test_an_empty_chair_is_not_an_unverified_face() -> None:
    empty = frame(0, faces=())
    assert {line[0] for line in lines(findings(every(0, 90, empty)))} == {"FACE_NOT_FOUND"}


def test_without_any_template_a_face_stays_unverified() -> None:
    assert {line[0] for line in lines(findings(every(0, 31, frame(0, faces=ONE))))} == {"IDENTITY_UNVERIFIED"}

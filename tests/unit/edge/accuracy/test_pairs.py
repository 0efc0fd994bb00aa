"""Pairs, halves and people: who is compared with whom, and how errors are counted."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from edge.accuracy.folder import LabelledPicture
from edge.accuracy.halves import SPLITS, Pair, by_halves, halves_of
from edge.accuracy.pairs import (
    EmbeddedPicture,
    Trial,
    closest_calls,
    of_people,
    pairs_of,
    recogniser_errors,
    sample,
    scores_of,
)
from edge.accuracy.statistics import Share
from models.manifest import load_manifest
from models.recognisers import limits_of
from models.recognition import REIDENTIFICATION, Recogniser
from models.results import Embedding
from models.similarity import Similarity
from tests.support.recognisers import Silent, levels


def known(person: str, name: str, *vector: float) -> EmbeddedPicture:
    described = Embedding("r@1", np.array(vector, np.float32))
    return EmbeddedPicture(LabelledPicture(person, Path(f"{name}.jpg")), {"r@1": described})


def cosine(one: Embedding, other: Embedding) -> float:
    return float(one.vector @ other.vector)


def test_shots_of_one_picture_are_not_compared() -> None:
    seen = [known("anna", "a", 1, 0), known("anna", "a~2", 1, 0), known("anna", "b", 0.6, 0.8)]
    assert [pair.score for pair in pairs_of(seen, "r@1", cosine)] == pytest.approx([0.6, 0.6])


def test_pictures_of_the_same_name_of_two_people_are_compared() -> None:
    (pair,) = pairs_of([known("anna", "a", 1, 0), known("bob", "a", 0, 1)], "r@1", cosine)
    assert not pair.same


def test_scores_are_parted_by_who_is_compared() -> None:
    scores = scores_of([Pair("a", "a", 0.9), Pair("a", "b", 0.2), Pair("b", "b", 0.5)], lambda s: s / 2)
    assert scores.same == (0.25, 0.45)
    assert scores.different == (0.1,)


def test_people_with_many_pictures_come_into_both_halves() -> None:
    halves = halves_of([*"aaaa", *"bbb", *"cc", "d"])
    assert [sorted(half) for half in halves] == [["a", "c"], ["b", "d"]]


def synthetic(people: int, shots: int, seed: int, *, mixed: frozenset[int] = frozenset()) -> list[Pair]:
    """Scores of people well apart, but for those `mixed`, who look like one another."""
    rng = np.random.default_rng(seed)
    pairs = []
    faces = [(person, shot) for person in range(people) for shot in range(shots)]
    for at, (one, _) in enumerate(faces):
        for other, _ in faces[at + 1 :]:
            middle = 0.8 if one == other else 0.45 if {one, other} <= mixed else 0.0
            pairs.append(Pair(str(one), str(other), float(rng.normal(middle, 0.05))))
    return pairs


def test_people_well_apart_are_told_apart_by_a_calibration_on_others() -> None:
    pairs = synthetic(24, 4, seed=1)
    judged = by_halves(pairs, halves_of(person for pair in pairs for person in (pair.one, pair.other)), 1)
    assert judged.flaw == ""
    assert judged.matches.count == 0
    assert judged.refusals.value is not None
    assert judged.refusals.value < 0.02
    assert judged.matches.of == 2 * (12 * 11 // 2) * 16
    assert judged.without_matches == judged.with_few_refusals == Share(2 * SPLITS, 2 * SPLITS)


def test_lookalikes_in_the_other_half_are_false_matches() -> None:
    halves = (frozenset(str(n) for n in range(12)), frozenset(str(n) for n in range(12, 24)))
    judged = by_halves(synthetic(24, 4, seed=1, mixed=frozenset({22, 23})), halves, 1)
    assert judged.matches.count == 16
    # Both fall into the same half in 11 of 23 splits, and that half is judged in one of two trials.
    assert 0.6 < (judged.without_matches.value or 0.0) < 0.9


def test_pictures_of_which_neither_could_be_enrolled_are_marked() -> None:
    seen = [known("anna", "a", 1, 0), known("bob", "b", 0, 1), known("cleo", "c", 0, 1)]
    poor = [replace(each, enrollable=each.picture.person == "anna") for each in seen]
    assert [(pair.one, pair.other, pair.enrollable) for pair in pairs_of(poor, "r@1", cosine)] == [
        ("anna", "bob", True),
        ("anna", "cleo", True),
        ("bob", "cleo", False),
    ]


def test_too_few_pairs_are_a_flaw_and_no_figure() -> None:
    judged = by_halves(synthetic(4, 3, seed=1), (frozenset("01"), frozenset("23")), 1)
    assert "too few" in judged.flaw
    assert judged.matches == Share(0, 0)


MISTAKES = [Pair("a", "b", 0.9), Pair("b", "a", 0.8), Pair("a", "c", 0.1), Pair("a", "a", 0.7)]


def test_many_mistakes_about_two_people_are_one_mistaken_pair() -> None:
    different = [pair for pair in MISTAKES if not pair.same]
    assert of_people(different, lambda score: score >= 0.75) == Share(1, 2)


@pytest.mark.parametrize("score", [0.52, 0.5277])
def test_doubt_begins_where_the_calibration_says_so_whatever_the_recognisers_own_scale(score: float) -> None:
    entry = load_manifest().entry("face-reidentification-retail-0095")
    assert entry.calibration is not None
    assert entry.calibration.doubt_from is not None
    assert entry.calibration.doubt_from < score
    silent = Similarity(((-4.0, 0.0), (1.0, 1.0)))
    judge = Recogniser(
        "r@1", Silent(), levels(entry.name), REIDENTIFICATION, silent, limits_of(entry, silent)
    )
    seen = [known("anna", "a", 1, 0), known("anna", "b", score, (1 - score * score) ** 0.5)]
    lower = [known("bob", "a", 1, 0), known("bob", "b", 0.5, 0.75**0.5)]
    trial = Trial(known=[*seen, *lower], groups={"anna": "one", "bob": "two"}, seed=1)
    result = recogniser_errors(entry, judge, trial, "open")
    assert (result.refusals, result.doubts) == (Share(1, 2), Share(1, 2))
    assert [(each.refusals.count, each.doubts.count) for each in result.groups] == [(0, 1), (1, 0)]


def test_the_closest_calls_name_each_two_people_once() -> None:
    calls = closest_calls([*MISTAKES, Pair("a", "a", 0.6)], lambda score: score)
    assert calls == (("a", "b", 0.9), ("a", "c", 0.1), ("a", "a", 0.6))


def test_too_many_pictures_are_sampled_by_the_seed() -> None:
    pictures = [LabelledPicture("a", Path(f"{number}.jpg")) for number in range(50)]
    chosen = sample(pictures, seed=3, most=10)
    assert len(chosen) == 10
    assert chosen == sample(pictures, seed=3, most=10)
    assert chosen != sample(pictures, seed=4, most=10)
    assert sample(pictures, seed=3, most=50) == tuple(pictures)

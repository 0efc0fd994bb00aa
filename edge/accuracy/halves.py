"""Calibrates on one half of the people and tests on the other: a fair trial of an operating point. Pure."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

import numpy as np

from edge.accuracy.results import Halves
from edge.accuracy.statistics import Scores, Share
from models.similarity import operating_point

SPLITS = 50
"""Random halves, each tested both ways."""
MAX_REFUSED = 0.05
"""Share of one half's pairs of the same person: at least 95 % must match."""


@dataclass(frozen=True, slots=True)
class Pair:
    """Two people, or one twice, and the recogniser's own score."""

    one: str
    other: str
    score: float
    enrollable: bool = True
    """Whether at least one of the pictures could be enrolled; other pairs never occur in an exam."""

    @property
    def same(self) -> bool:
        return self.one == self.other


@dataclass(frozen=True, slots=True)
class _Trial:
    """One half's operating point and its results on the other half."""

    calibration: Scores
    accepted: float
    matches: Share
    refusals: Share


def halves_of(people: Iterable[str]) -> tuple[frozenset[str], frozenset[str]]:
    """Two halves with about equal numbers of people, and people with many pictures in both."""
    ordered = [person for person, _ in sorted(Counter(people).items(), key=lambda each: (-each[1], each[0]))]
    return frozenset(ordered[::2]), frozenset(ordered[1::2])


def by_halves(pairs: Sequence[Pair], halves: tuple[frozenset[str], frozenset[str]], seed: int) -> Halves:
    """Calibrate on one half of the people and test on the other half's pairs, then the other way round. Adds
    up the errors of both tests.

    Also for random halves, as many as can be calibrated on: how often there is no false match, and how often
    the refusals stay within the limit.
    """
    try:
        trials = [_trial(pairs, *halves), _trial(pairs, *halves[::-1])]
    except ValueError as error:
        return Halves(
            calibration_same=0,
            calibration_different=0,
            points=(),
            matches=Share(0, 0),
            refusals=Share(0, 0),
            without_matches=Share(0, 0),
            with_few_refusals=Share(0, 0),
            flaw=str(error),
        )
    random = list(_random_trials(pairs, sorted(halves[0] | halves[1]), seed))
    return Halves(
        calibration_same=sum(len(trial.calibration.same) for trial in trials),
        calibration_different=sum(len(trial.calibration.different) for trial in trials),
        points=tuple(trial.accepted for trial in trials),
        matches=_sum(trial.matches for trial in trials),
        refusals=_sum(trial.refusals for trial in trials),
        without_matches=Share(sum(trial.matches.count == 0 for trial in random), len(random)),
        with_few_refusals=Share(
            sum(trial.refusals.count <= MAX_REFUSED * trial.refusals.of for trial in random), len(random)
        ),
    )


def _random_trials(pairs: Sequence[Pair], people: Sequence[str], seed: int) -> Iterator[_Trial]:
    """Trials of random halves, both ways; halves with too few pairs to calibrate on are left out."""
    chance = np.random.default_rng(seed)
    for _ in range(SPLITS):
        order = [people[int(at)] for at in chance.permutation(len(people))]
        half, rest = frozenset(order[: len(order) // 2]), frozenset(order[len(order) // 2 :])
        for learnt, tested in ((half, rest), (rest, half)):
            try:
                yield _trial(pairs, learnt, tested)
            except ValueError:
                continue


def _trial(pairs: Sequence[Pair], learnt: frozenset[str], tested: frozenset[str]) -> _Trial:
    """Raises ValueError when there are too few pairs to calibrate on."""
    calibration, judged = scores_among(pairs, learnt), scores_among(pairs, tested)
    accepted = operating_point(calibration.same, calibration.different)
    return _Trial(calibration, accepted, judged.false_matches(accepted), judged.false_refusals(accepted))


def scores_among(pairs: Iterable[Pair], people: frozenset[str]) -> Scores:
    """The recogniser's own scores of pairs within these people."""
    kept = [pair for pair in pairs if pair.one in people and pair.other in people]
    return Scores.of(
        (pair.score for pair in kept if pair.same), (pair.score for pair in kept if not pair.same)
    )


def _sum(shares: Iterable[Share]) -> Share:
    kept = list(shares)
    return Share(sum(share.count for share in kept), sum(share.of for share in kept))

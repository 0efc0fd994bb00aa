"""How often recognisers take two people for one, or one person for two, on labelled pictures.

Only pictures that pass the verification gate are compared, as in an exam; several faces in a picture are no
objection here (the largest counts). Shots of one picture are not compared with each other: that would
flatter.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import combinations

import numpy as np

from edge.accuracy.folder import Picture
from edge.accuracy.results import GroupErrors, Halves, IdentityResult
from edge.accuracy.statistics import Scores, Share
from edge.analysis.enrolling import read_picture
from models.manifest import Entry
from models.quality import VERIFICATION, failures, measure
from models.recognition import Recogniser
from models.results import Embedding
from models.serving import Serving, similarity_of
from models.similarity import ACCEPTED, calibrated

MAX_PICTURES = 2_000
"""Every picture is compared with every other: two million pairs."""

DOUBTFUL = 3
"""Pairs of each kind that are named."""


@dataclass(frozen=True, slots=True)
class Known:
    """One picture's face as every recogniser describes it."""

    picture: Picture
    embeddings: Mapping[str, Embedding]


@dataclass(frozen=True, slots=True)
class Pair:
    """Two people, or one twice, and the recogniser's own score."""

    one: str
    other: str
    score: float

    @property
    def same(self) -> bool:
        return self.one == self.other


def sample(pictures: Sequence[Picture], seed: int, most: int = MAX_PICTURES) -> tuple[Picture, ...]:
    """At most so many of the pictures, taken at random by the seed, in their order."""
    if len(pictures) <= most:
        return tuple(pictures)
    chosen = np.random.default_rng(seed).choice(len(pictures), most, replace=False)
    return tuple(pictures[int(at)] for at in sorted(chosen))


def describe(picture: Picture, serving: Serving, recognisers: Sequence[Recogniser]) -> Known | None:
    """A picture's largest face as every recogniser describes it; None if the picture does not pass the gate.

    Raises `Rejected` for a file that is no picture.
    """
    frame = read_picture(picture.path).frame
    faces = serving.face_detector().find(frame)
    if not faces:
        return None
    face = max(faces, key=lambda each: each.box.area_px2)
    fitted = face.mesh or serving.face_mesh().fit(frame, face)
    if failures(measure(frame, (face,), serving.head_pose().head(frame, face, fitted)), VERIFICATION):
        return None
    return Known(picture, {each.name: each.embed(frame, fitted) for each in recognisers})


def judge_recogniser(
    entry: Entry, recogniser: Recogniser, known: Sequence[Known], groups: Mapping[str, str], standing: str
) -> IdentityResult:
    """One recogniser at the default threshold, on all pairs and calibrated on half of the people."""
    pairs = pairs_of(known, recogniser.name, recogniser.native_score)
    scale = similarity_of(entry).of
    scores = scores_of(pairs, scale)
    return IdentityResult(
        network=entry.label,
        standing=standing,
        pictures=len(known),
        originals=len({(each.picture.person, each.picture.original) for each in known}),
        people=len({each.picture.person for each in known}),
        similarity=scores,
        matches=scores.false_matches(ACCEPTED),
        refusals=scores.false_refusals(ACCEPTED),
        mistaken=of_people((pair for pair in pairs if not pair.same), lambda at: scale(at) >= ACCEPTED),
        unrecognised=of_people((pair for pair in pairs if pair.same), lambda at: scale(at) < ACCEPTED),
        doubtful=closest_calls(pairs, scale),
        halves=by_halves(pairs, halves_of([each.picture.person for each in known]), recogniser.perfect),
        groups=tuple(
            GroupErrors(
                group=group,
                matches=within.false_matches(ACCEPTED),
                refusals=within.false_refusals(ACCEPTED),
            )
            for group in sorted(set(groups.values()))
            for within in (scores_of(_within(pairs, groups, group), scale),)
        ),
    )


def pairs_of(known: Sequence[Known], name: str, score: Callable[[Embedding, Embedding], float]) -> list[Pair]:
    """Every picture against every other as this recogniser sees them, but for shots of the same one."""
    return [
        Pair(
            one.picture.person,
            other.picture.person,
            score(one.embeddings[name], other.embeddings[name]),
        )
        for one, other in combinations(known, 2)
        if (one.picture.person, one.picture.original) != (other.picture.person, other.picture.original)
    ]


def scores_of(pairs: Iterable[Pair], scale: Callable[[float], float]) -> Scores:
    """The pairs' scores on a scale."""
    kept = list(pairs)
    return Scores.of(
        (scale(pair.score) for pair in kept if pair.same),
        (scale(pair.score) for pair in kept if not pair.same),
    )


def halves_of(people: Iterable[str]) -> tuple[frozenset[str], frozenset[str]]:
    """Two halves with about as many people, and people with many pictures in both."""
    ordered = [person for person, _ in sorted(Counter(people).items(), key=lambda each: (-each[1], each[0]))]
    return frozenset(ordered[::2]), frozenset(ordered[1::2])


def by_halves(pairs: Sequence[Pair], halves: tuple[frozenset[str], frozenset[str]], perfect: float) -> Halves:
    """Calibrate on one half of the people, judge the other half's pairs; both ways, errors added up."""
    counts = {"same": 0, "different": 0}
    judged: list[Scores] = []
    for learnt, tested in (halves, halves[::-1]):
        learning = scores_of(_among(pairs, learnt), lambda score: score)
        counts["same"] += len(learning.same)
        counts["different"] += len(learning.different)
        try:
            scale = calibrated(learning.same, learning.different, perfect)
        except ValueError as error:
            return Halves(
                calibration_same=counts["same"],
                calibration_different=counts["different"],
                matches=Share(0, 0),
                refusals=Share(0, 0),
                flaw=str(error),
            )
        judged.append(scores_of(_among(pairs, tested), scale.of))
    return Halves(
        calibration_same=counts["same"],
        calibration_different=counts["different"],
        matches=_sum(scores.false_matches(ACCEPTED) for scores in judged),
        refusals=_sum(scores.false_refusals(ACCEPTED) for scores in judged),
    )


def of_people(pairs: Iterable[Pair], wrong: Callable[[float], bool]) -> Share:
    """Pairs of people (or people) with any wrong answer, of all."""
    answers: dict[frozenset[str], bool] = {}
    for pair in pairs:
        who = frozenset((pair.one, pair.other))
        answers[who] = answers.get(who, False) or wrong(pair.score)
    return Share(sum(answers.values()), len(answers))


def closest_calls(
    pairs: Sequence[Pair], scale: Callable[[float], float]
) -> tuple[tuple[str, str, float], ...]:
    """Of each two people the worst pair only, so that one hard picture does not fill the list."""
    worst: dict[frozenset[str], Pair] = {}
    for pair in pairs:
        who = frozenset((pair.one, pair.other))
        if who not in worst or (pair.score < worst[who].score) == pair.same:
            worst[who] = pair
    strangers = sorted((pair for pair in worst.values() if not pair.same), key=lambda each: -each.score)
    own = sorted((pair for pair in worst.values() if pair.same), key=lambda each: each.score)
    return tuple(
        (pair.one, pair.other, scale(pair.score)) for pair in (*strangers[:DOUBTFUL], *own[:DOUBTFUL])
    )


def _among(pairs: Iterable[Pair], people: frozenset[str]) -> Iterable[Pair]:
    return (pair for pair in pairs if pair.one in people and pair.other in people)


def _within(pairs: Iterable[Pair], groups: Mapping[str, str], group: str) -> Iterable[Pair]:
    return (pair for pair in pairs if groups.get(pair.one) == group == groups.get(pair.other))


def _sum(shares: Iterable[Share]) -> Share:
    kept = list(shares)
    return Share(sum(share.count for share in kept), sum(share.of for share in kept))

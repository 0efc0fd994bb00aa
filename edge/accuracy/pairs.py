"""Measures how often recognisers take two people for one, or one person for two, on labelled pictures.

Pictures are compared as in an exam: one could have been enrolled, the other passes the verification gate.
Several faces in a picture are allowed here (the largest counts). Pairs without an enrollable picture are
counted separately. Shots of one picture are not compared with each other: that would improve the result.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import combinations

import numpy as np

from edge.accuracy.folder import LabelledPicture
from edge.accuracy.halves import Pair, by_halves, halves_of
from edge.accuracy.results import GroupErrors, IdentityResult
from edge.accuracy.statistics import Scores, Share
from edge.analysis.enrolling import read_picture
from models.manifest import Entry
from models.quality import failures, measure
from models.recognisers import limits_of, similarity_of
from models.recognition import Recogniser, needed_by
from models.results import Embedding
from models.serving import Serving
from models.similarity import ACCEPTED
from shared.policy.terms import ENROLLMENT_GATE, VERIFICATION_GATE

MAX_PICTURES = 2_000
"""Every picture is compared with every other: two million pairs."""

DOUBTFUL = 3
"""Pairs of each kind that are listed."""


@dataclass(frozen=True, slots=True)
class EmbeddedPicture:
    """One picture's face with its embedding by every recogniser."""

    picture: LabelledPicture
    embeddings: Mapping[str, Embedding]
    enrollable: bool = True
    """Whether it passes the enrollment gate too; it always passes the verification gate."""


def sample(
    pictures: Sequence[LabelledPicture], seed: int, most: int = MAX_PICTURES
) -> tuple[LabelledPicture, ...]:
    """A random sample of the pictures by the seed, at most the given number, in their order."""
    if len(pictures) <= most:
        return tuple(pictures)
    chosen = np.random.default_rng(seed).choice(len(pictures), most, replace=False)
    return tuple(pictures[int(at)] for at in sorted(chosen))


def describe(
    picture: LabelledPicture, serving: Serving, recognisers: Sequence[Recogniser]
) -> EmbeddedPicture | None:
    """A picture's largest face, embedded by every recogniser; None if the picture fails the gate.

    Raises `Rejected` for a file that is not a picture.
    """
    frame = read_picture(picture.path).frame
    faces = serving.face_detector().find(frame)
    if not faces:
        return None
    face = max(faces, key=lambda each: each.box.area_px2)
    fitted = face.mesh or serving.face_mesh().fit(frame, face)
    quality = measure(frame, (face,), serving.head_pose().head(frame, face, fitted))
    if failures(quality, VERIFICATION_GATE, needed_by(recognisers)):
        return None
    embeddings = {each.name: each.embed(frame, fitted) for each in recognisers}
    return EmbeddedPicture(picture, embeddings, enrollable=not failures(quality, ENROLLMENT_GATE))


@dataclass(frozen=True, slots=True, kw_only=True)
class Trial:
    """The data that every recogniser is tested on."""

    known: Sequence[EmbeddedPicture]
    groups: Mapping[str, str]
    """Groups by person."""
    seed: int


def recogniser_errors(entry: Entry, recogniser: Recogniser, trial: Trial, standing: str) -> IdentityResult:
    """Test one recogniser at the default threshold on all pairs, and calibrated on half of the people."""
    known, similarity = trial.known, similarity_of(entry)
    scale = similarity.of
    # Not the recogniser's own, which may be on another scale. One that is never in doubt has no zone.
    least = min(limits_of(entry, similarity).doubt_from, ACCEPTED)
    every = pairs_of(known, recogniser.name, recogniser.native_score)
    pairs = [pair for pair in every if pair.enrollable]
    scores = scores_of(pairs, scale)
    apart = scores_of((pair for pair in every if not pair.enrollable), scale)
    return IdentityResult(
        network=entry.label,
        standing=standing,
        pictures=len(known),
        enrollable=sum(each.enrollable for each in known),
        originals=len({(each.picture.person, each.picture.original) for each in known}),
        people=len({each.picture.person for each in known}),
        similarity=scores,
        matches=scores.false_matches(ACCEPTED),
        refusals=scores.false_refusals(least),
        doubts=scores.doubts(least, ACCEPTED),
        unenrollable_matches=apart.false_matches(ACCEPTED),
        unenrollable_refusals=apart.false_refusals(least),
        mistaken=of_people((pair for pair in pairs if not pair.same), lambda at: scale(at) >= ACCEPTED),
        unrecognised=of_people((pair for pair in pairs if pair.same), lambda at: scale(at) < least),
        doubtful=closest_calls(pairs, scale),
        halves=by_halves(pairs, halves_of([each.picture.person for each in known]), trial.seed),
        groups=tuple(_groups(pairs, trial.groups, scale, least)),
    )


def _groups(
    pairs: Sequence[Pair], groups: Mapping[str, str], scale: Callable[[float], float], least: float
) -> Iterator[GroupErrors]:
    """`least`: the similarity below which a recogniser is sure of two people."""
    for group in sorted(set(groups.values())):
        scores = scores_of(_within(pairs, groups, group), scale)
        yield GroupErrors(
            group=group,
            matches=scores.false_matches(ACCEPTED),
            refusals=scores.false_refusals(least),
            doubts=scores.doubts(least, ACCEPTED),
        )


def pairs_of(
    known: Sequence[EmbeddedPicture], name: str, score: Callable[[Embedding, Embedding], float]
) -> list[Pair]:
    """Every picture compared with every other by this recogniser, except shots of the same one."""
    return [
        Pair(
            one.picture.person,
            other.picture.person,
            score(one.embeddings[name], other.embeddings[name]),
            one.enrollable or other.enrollable,
        )
        for one, other in combinations(known, 2)
        if (one.picture.person, one.picture.original) != (other.picture.person, other.picture.original)
    ]


def scores_of(pairs: Iterable[Pair], scale: Callable[[float], float]) -> Scores:
    """The pairs' scores, on the given scale."""
    kept = list(pairs)
    return Scores.of(
        (scale(pair.score) for pair in kept if pair.same),
        (scale(pair.score) for pair in kept if not pair.same),
    )


def of_people(pairs: Iterable[Pair], wrong: Callable[[float], bool]) -> Share:
    """The share of pairs of people (or of people) with any wrong answer."""
    answers: dict[frozenset[str], bool] = {}
    for pair in pairs:
        who = frozenset((pair.one, pair.other))
        answers[who] = answers.get(who, False) or wrong(pair.score)
    return Share(sum(answers.values()), len(answers))


def closest_calls(
    pairs: Sequence[Pair], scale: Callable[[float], float]
) -> tuple[tuple[str, str, float], ...]:
    """The worst pair of each two people only, so that one hard picture does not fill the list."""
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


def _within(pairs: Iterable[Pair], groups: Mapping[str, str], group: str) -> Iterable[Pair]:
    return (pair for pair in pairs if groups.get(pair.one) == group == groups.get(pair.other))

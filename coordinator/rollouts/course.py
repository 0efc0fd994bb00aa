"""Decides the course of a rollout: from the shadow to some exams to all, or back. Pure.

    shadow ── alike ──▶ canary ── enough exams, nothing differs ──▶ promoted
      │                   │
      └──── differs, or undecided after the last look, or somebody's word ────▶ aborted

Somebody's word also promotes at once, and aborts what was promoted.

The counts are looked at only when the sample has doubled, or is as large as it must be, and of what a false
word may cost, each look spends its part: the part 1/(k·(k+1)) at the look k, which is all of it together
however long it goes on. So looking again and again does not find by chance what is not there. In doubt the
old version stays.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from enum import StrEnum
from hashlib import sha256
from typing import Final
from uuid import UUID

from coordinator.rollouts.evidence import Arms, Pairs, Weighed, weigh_exams, weigh_pairs

MOST_LOOKS: Final = 6
"""If the shadow is undecided then, the old version stays."""
UNDECIDED: Final = "too many findings differ to call the versions alike, and too few to call them different"


class Stage(StrEnum):
    """How far the new version is given."""

    SHADOW = "shadow"
    CANARY = "canary"
    PROMOTED = "promoted"
    ABORTED = "aborted"


ONGOING: Final = frozenset({Stage.SHADOW, Stage.CANARY})


@dataclass(frozen=True, slots=True, kw_only=True)
class Terms:
    """How much has to be seen, and how sure a word about it must be."""

    false_word: float = 0.02
    """How probable it may be that an equal version is sent back, in the shadow and again in the canary."""
    least_findings: int = 100
    """Findings, of either version, at the first look at the shadow; at each next one twice as many."""
    least_of_event: int = 60
    """Findings of an event, of either version, below which it is not judged alone."""
    least_exams: int = 8
    """Exams with the new version at the first look at the canary."""
    promoted_after_exams: int = 16
    """Exams with the new version after which it is promoted, if nothing differs."""
    canary_share: float = 0.10
    """The share of exams that get the new version."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Rollout:
    """One rollout."""

    rollout_id: UUID
    stage: Stage = Stage.SHADOW
    looks: int = 0
    """In this stage."""
    reason: str = ""
    """Why it was aborted."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Counted:
    """What was counted so far."""

    pairs: Mapping[str, Pairs]
    arms: Mapping[str, Arms]
    """Every event of every exam that is over, also where nothing was found."""


def step(rollout: Rollout, counted: Counted, terms: Terms) -> Rollout:
    """The rollout after what was counted; the same if it is too early for a look."""
    match rollout.stage:
        case Stage.SHADOW:
            return _in_shadow(rollout, counted.pairs, terms)
        case Stage.CANARY:
            return _in_canary(rollout, counted.arms, terms)
    return rollout


def abort(rollout: Rollout, reason: str) -> Rollout:
    """The new version is sent back; its exams go on with the old one, each as a whole."""
    return replace(rollout, stage=Stage.ABORTED, reason=reason)


def promote(rollout: Rollout) -> Rollout:
    """Somebody gives the new version to all."""
    return replace(rollout, stage=Stage.PROMOTED)


def has_new(rollout: Rollout, exam_id: UUID, share: float) -> bool:
    """Whether an exam that begins now gets the new version: all its sessions alike, whoever asks and how
    often.

    What an exam has got it keeps until the rollout is aborted; the caller stores that.
    """
    if rollout.stage is not Stage.CANARY:
        return rollout.stage is Stage.PROMOTED
    drawn = sha256(rollout.rollout_id.bytes + exam_id.bytes).digest()
    return int.from_bytes(drawn[:8], "big") < share * 2**64


def _in_shadow(rollout: Rollout, pairs: Mapping[str, Pairs], terms: Terms) -> Rollout:
    if sum(one.total for one in pairs.values()) < terms.least_findings * 2**rollout.looks:
        return rollout
    rollout, weighed = _after(rollout, weigh_pairs(pairs, _alpha(rollout, terms), terms.least_of_event))
    if rollout.stage is Stage.ABORTED or not weighed.alike:
        return abort(rollout, UNDECIDED) if rollout.looks >= MOST_LOOKS and not rollout.reason else rollout
    return replace(rollout, stage=Stage.CANARY, looks=0)


def _in_canary(rollout: Rollout, arms: Mapping[str, Arms], terms: Terms) -> Rollout:
    exams = max((len(one.new) for one in arms.values()), default=0)
    next_look = min(terms.least_exams * 2**rollout.looks, terms.promoted_after_exams)
    if exams < max(terms.least_exams, next_look):
        return rollout
    rollout, weighed = _after(rollout, weigh_exams(arms, _alpha(rollout, terms)))
    if weighed.alike and exams >= terms.promoted_after_exams:
        return promote(rollout)
    return rollout


def _after(rollout: Rollout, weighed: Weighed) -> tuple[Rollout, Weighed]:
    rollout = replace(rollout, looks=rollout.looks + 1)
    return (abort(rollout, weighed.worse) if weighed.worse else rollout), weighed


def _alpha(rollout: Rollout, terms: Terms) -> float:
    """What the next look may spend."""
    look = rollout.looks + 1
    return terms.false_word / (look * (look + 1))

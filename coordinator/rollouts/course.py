"""Decides the course of a rollout: from the shadow to some exams to all, or back. Pure.

    shadow ── alike ──▶ canary ── enough exams, nothing differs ──▶ promoted
      │                   │
      └──── differs, or undecided after the last look, or somebody's word ────▶ aborted

The counts are looked at only when the sample has doubled, and of what a false word may cost, each look spends
its part: of `ALPHA` the part 1/(k·(k+1)) at the look k, which is all of it together however long it goes on.
So looking again and again does not find by chance what is not there. In doubt the old version stays.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from enum import StrEnum
from hashlib import sha256
from typing import Final
from uuid import UUID

from coordinator.rollouts.evidence import Arms, Look, Pairs, look_at_exams, look_at_pairs

ALPHA: Final = 0.02
"""How probable it may be that an equal version is sent back, in the shadow and again in the canary."""
LEAST_PAIRS: Final = 100
"""Findings, of either version, at the first look at the shadow; at each next one twice as many."""
LEAST_EXAMS: Final = 8
"""Exams with the new version at the first look at the canary."""
PROMOTED_AFTER_EXAMS: Final = 16
"""Exams with the new version after which it is promoted, if nothing differs."""
MOST_LOOKS: Final = 6
"""If the shadow is undecided then, the old version stays."""
CANARY_SHARE: Final = 0.10
"""The share of exams that get the new version."""
UNDECIDED: Final = "too many findings differ to call the versions alike, and too few to call them different"


class Stage(StrEnum):
    """How far the new version is given."""

    SHADOW = "shadow"
    CANARY = "canary"
    PROMOTED = "promoted"
    ABORTED = "aborted"


ONGOING: Final = frozenset({Stage.SHADOW, Stage.CANARY})


@dataclass(frozen=True, slots=True, kw_only=True)
class Rollout:
    """One rollout."""

    rollout_id: UUID
    stage: Stage = Stage.SHADOW
    paused: bool = False
    """Nothing is decided and no further exam gets the new version; those that have it keep it."""
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


def step(rollout: Rollout, counted: Counted) -> Rollout:
    """The rollout after what was counted; the same if it is too early for a look."""
    if rollout.paused or rollout.stage not in ONGOING:
        return rollout
    return (
        _in_shadow(rollout, counted.pairs)
        if rollout.stage is Stage.SHADOW
        else _in_canary(rollout, counted.arms)
    )


def abort(rollout: Rollout, reason: str) -> Rollout:
    """Somebody sends the new version back."""
    return replace(rollout, stage=Stage.ABORTED, paused=False, reason=reason)


def has_new(rollout: Rollout, exam_id: UUID) -> bool:
    """Whether an exam that begins now gets the new version: all its sessions alike, whoever asks and how
    often.

    What an exam has got it keeps to its end; the caller stores that.
    """
    if rollout.stage is not Stage.CANARY or rollout.paused:
        return rollout.stage is Stage.PROMOTED
    drawn = sha256(rollout.rollout_id.bytes + exam_id.bytes).digest()
    return int.from_bytes(drawn[:8], "big") < CANARY_SHARE * 2**64


def _in_shadow(rollout: Rollout, pairs: Mapping[str, Pairs]) -> Rollout:
    if sum(one.total for one in pairs.values()) < LEAST_PAIRS * 2**rollout.looks:
        return rollout
    rollout, look = _looked(rollout, look_at_pairs(pairs, _alpha(rollout.looks + 1)))
    if rollout.stage is Stage.ABORTED or not look.alike:
        return abort(rollout, UNDECIDED) if rollout.looks >= MOST_LOOKS and not rollout.reason else rollout
    return replace(rollout, stage=Stage.CANARY, looks=0)


def _in_canary(rollout: Rollout, arms: Mapping[str, Arms]) -> Rollout:
    exams = max((len(one.new) for one in arms.values()), default=0)
    if exams < LEAST_EXAMS * 2**rollout.looks:
        return rollout
    rollout, look = _looked(rollout, look_at_exams(arms, _alpha(rollout.looks + 1)))
    if look.alike and exams >= PROMOTED_AFTER_EXAMS:
        return replace(rollout, stage=Stage.PROMOTED)
    return rollout


def _looked(rollout: Rollout, look: Look) -> tuple[Rollout, Look]:
    rollout = replace(rollout, looks=rollout.looks + 1)
    return (abort(rollout, look.worse) if look.worse else rollout), look


def _alpha(look: int) -> float:
    """What this look may spend."""
    return ALPHA / (look * (look + 1))

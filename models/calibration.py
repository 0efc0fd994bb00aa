"""Calibrates a recogniser from pairs of pictures: scale, operating point and the manifest's line. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from math import ceil, floor

import numpy as np

from models.similarity import ACCEPTED, Similarity, calibrated, doubt_from, of_worst_group


@dataclass(frozen=True, slots=True)
class Pairs:
    """Native scores of every pair of pictures."""

    same: tuple[float, ...]
    different: tuple[float, ...]
    groups: Mapping[str, Pairs] = field(default_factory=dict)
    """Scores within one group of people, by the group's name."""


@dataclass(frozen=True, slots=True)
class Calibrated:
    """The calibration that follows from the pairs of one recogniser."""

    similarity: Similarity
    worst_group: str
    """The group whose strangers set the operating point; empty: none."""
    doubt_from: float | None
    """The native score where the undecided range below that point begins."""

    def outcome(self, pairs: Pairs) -> str:
        """How many pairs are judged correctly, wrongly or not at all, in words."""
        floor = 0.0 if self.doubt_from is None else self.similarity.of(self.doubt_from)
        least = ACCEPTED if self.doubt_from is None else floor
        same = [self.similarity.of(score) for score in pairs.same]
        different = [self.similarity.of(score) for score in pairs.different]
        return (
            f"of {len(same)} same pairs {sum(each < least for each in same)} are taken for two people and "
            f"{sum(least <= each < ACCEPTED for each in same)} are in doubt; of {len(different)} different "
            f"pairs {sum(each >= ACCEPTED for each in different)} are taken for one and "
            f"{sum(least <= each < ACCEPTED for each in different)} are in doubt"
        )


STEPS = 10**4
"""The manifest holds scores with four decimals."""


def calibrate(pairs: Pairs, perfect: float) -> Calibrated:
    """The scale for these pairs. Raises ValueError if there are too few or they cannot be separated.

    Both bounds are rounded to the side that accuses and accepts fewer: nobody's own picture falls below the
    range of doubt for it, and no stranger's above.
    """
    strangers = {name: group.different for name, group in pairs.groups.items()}
    accepted, worst = of_worst_group(pairs.same, pairs.different, strangers)
    lowest = doubt_from(accepted, pairs.same, pairs.different)
    similarity = calibrated(pairs.same, pairs.different, perfect, ceil(accepted * STEPS) / STEPS)
    return Calibrated(similarity, worst, None if lowest is None else floor(lowest * STEPS) / STEPS)


def report(name: str, pairs: Pairs, found: Calibrated) -> str:
    """The result of a calibration on its own pairs: one line for all and one for each group."""
    same, different = np.array(pairs.same), np.array(pairs.different)
    apart = (same.mean() - different.mean()) / np.sqrt((same.var() + different.var()) / 2)
    lines = [
        f"{name}: same {same.min():.3f} … {same.max():.3f}, different {different.min():.3f} … "
        f"{different.max():.3f}, d' {apart:.1f}, {found.outcome(pairs)}"
    ]
    for group, within in pairs.groups.items():
        if within.different:
            usual = found.similarity.of(float(np.median(within.different)))
            lines.append(f"{name}, {group}: median stranger {usual:.2f}, {found.outcome(within)}")
    return "\n".join(lines)


def manifest_line(alignment: str, pairs: Pairs, found: Calibrated) -> str:
    """The calibration as the manifest holds it."""
    knots = ", ".join(f"[{score}, {value:.2f}]" for score, value in found.similarity.knots)
    group = f'worst_group = "{found.worst_group}", ' if found.worst_group else ""
    doubt = "" if found.doubt_from is None else f"doubt_from = {found.doubt_from}, "
    return (
        f'calibration = {{ alignment = "{alignment}", same_pairs = {len(pairs.same)}, '
        f"different_pairs = {len(pairs.different)}, {group}{doubt}knots = [{knots}] }}"
    )


def with_calibration(manifest: str, name: str, line: str) -> str:
    """The manifest's text with one network's calibration replaced, or added below its `input`.

    Raises ValueError if the network or its `input` is not in the text.
    """
    blocks = manifest.split("[[network]]\n")
    for number, block in enumerate(blocks):
        lines = block.split("\n")
        if number == 0 or f'name = "{name}"' not in lines:
            continue
        kept = [each for each in lines if not each.startswith("calibration = ")]
        below = next((at for at, each in enumerate(kept, 1) if each.startswith("input = ")), None)
        if below is None:
            raise ValueError(f"{name} has no input in the manifest")
        blocks[number] = "\n".join([*kept[:below], line, *kept[below:]])
        return "[[network]]\n".join(blocks)
    raise ValueError(f"{name} is not in the manifest")

"""What the manifest says of a recogniser is what was found, or accuses fewer."""

from __future__ import annotations

import re

import numpy as np
import pytest

from models.calibration import Pairs, calibrate, manifest_line
from models.similarity import ACCEPTED, doubt_from, of_worst_group


def pairs(seed: int) -> Pairs:
    """Scores of a recogniser that cannot tell everybody."""
    chance = np.random.default_rng(seed)
    return Pairs(
        tuple(chance.normal(0.45, 0.08, 400).tolist()), tuple(chance.normal(0.0, 0.07, 20_000).tolist())
    )


@pytest.mark.parametrize("seed", range(6))
def test_no_pair_is_taken_for_two_people_because_a_figure_was_rounded(seed: int) -> None:
    measured = pairs(seed)
    found = calibrate(measured, 1.0)
    accepted, _ = of_worst_group(measured.same, measured.different, {})
    exact = doubt_from(accepted, measured.same, measured.different)
    assert exact is not None
    line = manifest_line("mesh", measured, found)
    shipped = re.search(r"doubt_from = (\S+),", line)
    assert shipped is not None
    assert exact - 1e-4 <= float(shipped[1]) <= exact
    # What is reported is reported of the figures that ship.
    assert float(shipped[1]) == found.doubt_from


@pytest.mark.parametrize("seed", range(6))
def test_nobody_is_taken_for_another_because_a_figure_was_rounded(seed: int) -> None:
    measured = pairs(seed)
    accepted, _ = of_worst_group(measured.same, measured.different, {})
    (shipped,) = (score for score, value in calibrate(measured, 1.0).similarity.knots if value == ACCEPTED)
    assert accepted <= shipped <= accepted + 1e-4

"""A level is claimed only where the device bears it."""

from __future__ import annotations

import pytest

from edge.analysis.levels import LEVELS, check_level
from shared.errors import ConfigError


def test_the_level_of_a_gpu_needs_one() -> None:
    with pytest.raises(ConfigError, match=r"L0 .* run on cpu\+cpu-openvino; use L1 \(full on a CPU\)"):
        check_level(0, "cpu+cpu-openvino")
    check_level(0, "cpu+cuda:0")


@pytest.mark.parametrize("level", range(1, len(LEVELS)))
def test_the_other_levels_need_none(level: int) -> None:
    check_level(level, "cpu")

"""Whether a backup's release is one that this program may read. Pure."""

from __future__ import annotations

import re


def not_newer(release: str, ours: str) -> bool:
    """Whether a release is this one or an earlier one."""
    return _numbers(release) <= _numbers(ours)


def _numbers(release: str) -> tuple[int, ...]:
    return tuple(int(one) for one in re.findall(r"\d+", release.partition("+")[0])[:3])

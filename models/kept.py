"""Decides which versions of networks' weights stay on a machine. Pure.

Every version of the manifest stays, because settings, exams and rollouts name those. Of each network at least
two versions stay, so that the release before this one finds its own when somebody goes back to it.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable
from dataclasses import dataclass
from itertools import groupby
from typing import Final

VERSIONS: Final = 2
"""The fewest versions of a network that stay."""


@dataclass(frozen=True, slots=True)
class OnDisk:
    """A version of a network whose weights are on this machine."""

    name: str
    version: str
    fetched_ns: int
    """When its files were verified last, since 1970; 0: never."""

    @property
    def label(self) -> str:
        """As settings and rollouts name it."""
        return f"{self.name}@{self.version}"


def superseded(on_disk: Iterable[OnDisk], of_manifest: Collection[str]) -> tuple[OnDisk, ...]:
    """The versions that nobody goes back to, by name and age. `of_manifest`: the labels that stay."""
    by_name = groupby(sorted(on_disk, key=lambda one: one.name), key=lambda one: one.name)
    found: list[OnDisk] = []
    for _, versions in by_name:
        ranked = sorted(
            versions, key=lambda one: (one.label not in of_manifest, -one.fetched_ns, one.version)
        )
        found += [one for one in ranked[VERSIONS:] if one.label not in of_manifest]
    return tuple(found)

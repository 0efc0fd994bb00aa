"""Merges what is given to all nodes, to a region and to one node. Pure.

What is given to fewer nodes counts before what is given to more: node before region before all, setting by
setting and task by task. The version of the whole is the highest of its layers. A layer that is replaced gets
a higher version than all before, so for one node two different wholes never have the same.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from enum import StrEnum
from uuid import UUID

from shared.messages.desired import Desired, DesiredReport
from shared.node_settings import Scalar


class Scope(StrEnum):
    """For whom a layer is."""

    ALL = "all"
    REGION = "region"
    NODE = "node"


_ORDER = tuple(Scope)
"""What is later counts before what is earlier."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Layer:
    """What is given to some nodes."""

    version: int
    scope: Scope
    target: str = ""
    """The region, or the node's id; empty for all."""
    settings: Mapping[str, Scalar]
    weights: Mapping[str, str]

    def reaches(self, node_id: UUID, region: str) -> bool:
        """Whether it is for this node."""
        match self.scope:
            case Scope.ALL:
                return True
            case Scope.REGION:
                return self.target == region
            case Scope.NODE:
                return self.target == str(node_id)


@dataclass(frozen=True, slots=True)
class Whole:
    """What one node is to have, and from which layer each part comes."""

    desired: Desired
    origins: Mapping[str, Scope]
    """By the name of the setting or task."""


def merged(layers: Iterable[Layer], node_id: UUID, region: str) -> Whole | None:
    """What this node is to have; None: nothing was ever given to it."""
    mine = sorted(
        (one for one in layers if one.reaches(node_id, region)), key=lambda one: _ORDER.index(one.scope)
    )
    if not mine:
        return None
    settings: dict[str, Scalar] = {}
    weights: dict[str, str] = {}
    origins: dict[str, Scope] = {}
    for layer in mine:
        settings |= layer.settings
        weights |= layer.weights
        origins |= dict.fromkeys([*layer.settings, *layer.weights], layer.scope)
    version = max(layer.version for layer in mine)
    return Whole(Desired(version=version, settings=settings, weights=weights), origins)


def is_told(report: DesiredReport | None, whole: Whole | None) -> bool:
    """Whether there is nothing to tell a node: it has read what it is to have, or its program knows of no
    settings."""
    return report is None or whole is None or has_read(report, whole)


def has_read(report: DesiredReport, whole: Whole) -> bool:
    """Whether a node has read the very order that it is to have."""
    wanted = whole.desired
    return (report.version, report.digest) == (wanted.version, wanted.digest)

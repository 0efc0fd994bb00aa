"""An exam's rule for one event, and the defaults from the table of events.

`EventRule.threshold` has the unit and side that `THRESHOLD_UNITS` names for its event; None for events
without a threshold.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from enum import StrEnum
from types import MappingProxyType
from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field

from shared.events.row import DefaultRule, Threshold
from shared.events.table import EVENTS
from shared.events.types import Action, EventType
from shared.fields import Unit, YesNo

Seconds = Annotated[float, Field(ge=0, le=86_400, allow_inf_nan=False, strict=True)]


class Frozen(BaseModel):
    """Frozen settings that refuse unknown fields."""

    model_config = ConfigDict(frozen=True, extra="forbid", use_attribute_docstrings=True)


class EventRule(Frozen):
    """When one event is raised and cleared, and how it is reported."""

    enabled: YesNo = True
    """False: the condition is not evaluated at all."""
    hold_s: Seconds = 0.0
    """The condition must last this long."""
    clear_s: Seconds = 0.0
    """It must be gone this long before the event is over."""
    threshold: float | None = Field(default=None, allow_inf_nan=False, strict=True)
    """The value that the condition is compared with, in the unit of THRESHOLD_UNITS."""
    severity: Annotated[Unit, Field(strict=True)] = 0.0
    """Base severity; technical events and milestones have none."""
    action: Action = Action.NONE
    """Advice to the exam platform."""


def _rule(default: DefaultRule, threshold: Threshold | None) -> EventRule:
    return EventRule(
        enabled=default.enabled,
        hold_s=default.hold_s,
        clear_s=default.clear_s,
        threshold=None if threshold is None else threshold.default,
        severity=default.severity,
        action=default.action,
    )


DEFAULT_RULES: Mapping[EventType, EventRule] = MappingProxyType(
    {event: _rule(row.rule, row.threshold) for event, row in EVENTS.items() if row.rule is not None}
)
"""Milestones and proctors' acts have no rule: they are single moments."""

NOT_OBSERVED = frozenset(event for event in DEFAULT_RULES if not EVENTS[event].observed)
"""Events that no rule over observations finds; they are raised elsewhere."""

THRESHOLD_UNITS: Mapping[EventType, Threshold] = MappingProxyType(
    {event: row.threshold for event, row in EVENTS.items() if row.threshold is not None}
)
"""Unit, range and side of each threshold."""


class Sensitivity(StrEnum):
    """Presets of holds and thresholds."""

    LOW = "low"
    MEDIUM = "medium"
    HIGH = "high"


@dataclass(frozen=True, slots=True)
class Preset:
    """The effect of a sensitivity on an exam's conduct rules. Identity and technical rules do not change."""

    hold_factor: float
    zone_factor: float
    """Factor on the size of the gaze zone."""
    thresholds: Mapping[EventType, float]
    """Replace the table's defaults, but not thresholds that the exam sets itself."""


def _named(thresholds: Iterable[tuple[EventType, float | None]]) -> Mapping[EventType, float]:
    return MappingProxyType({event: threshold for event, threshold in thresholds if threshold is not None})


PRESETS: Mapping[Sensitivity, Preset] = MappingProxyType(
    {
        Sensitivity.LOW: Preset(
            1.5, 1.25, _named((event, known.at_low_sensitivity) for event, known in THRESHOLD_UNITS.items())
        ),
        Sensitivity.MEDIUM: Preset(1.0, 1.0, MappingProxyType({})),
        Sensitivity.HIGH: Preset(
            0.75, 0.85, _named((event, known.at_high_sensitivity) for event, known in THRESHOLD_UNITS.items())
        ),
    }
)

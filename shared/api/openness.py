"""Bodies of the public notice: how the software works here, its known limits, and what people may do."""

from __future__ import annotations

from shared.api.bodies import Response
from shared.consents import Purpose
from shared.events.types import Action, EventClass, EventType


class FigureOut(Response):
    """A figure about a network, with what it was measured on."""

    what: str
    value: str
    input: str


class NetworkOut(Response):
    """A network that may be used."""

    task: str
    does: str
    """Its task in plain words."""
    name: str
    version: str
    licence: str
    commercial: bool
    """Whether its licence allows commercial use; others serve only where an installation asks for them."""
    attribution: str
    proved: bool
    """Whether it was tested with its real weights."""
    measured: list[FigureOut]
    """Empty: not measured."""
    limits: list[str]
    differences: str
    """What is known of differences between groups of people; empty: not measured."""
    in_use: bool
    """Whether a node that can be reached now uses it."""


class LookedForOut(Response):
    """Something that the software looks for."""

    event_type: EventType
    name: str
    event_class: EventClass
    usual: bool
    """Whether exams look for it unless they say otherwise."""
    hold_seconds: float | None
    """How long it must last before it is noted; null: it is counted or told at once."""
    severity: float
    advice: Action
    pictured: bool
    """Whether one small still picture is kept with it."""


class PurposeOut(Response):
    """What data are used for, and why that may be."""

    purpose: Purpose
    meaning: str
    basis: str


class KeptForOut(Response):
    """How long something is kept."""

    what: str
    usual_days: int | None
    """Unless an exam's policy says otherwise, which its own notice names; null: see `rule`."""
    rule: str


class OpennessOut(Response):
    """How the software works here."""

    version: str
    language: str
    institution: str | None
    """Null: what is the same for all institutions."""
    decides: list[str]
    purposes: list[PurposeOut]
    looked_for: list[LookedForOut]
    never: list[str]
    networks: list[NetworkOut]
    limits: list[str]
    kept: list[KeptForOut]
    rights: list[str]

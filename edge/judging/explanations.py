"""Explains a finding in the words of its event.

A reviewer reads one sentence with the values and their bounds: what was measured, never what it means. The
candidate reads a gentle sentence without values.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from typing import Final

from edge.rules.findings import Finding, Phase, Value
from shared.events.table import EVENTS
from shared.observations import LIKENESS

Values = Mapping[str, Value]
Way = Callable[[Values, str], str]
"""How a value is written."""


def explain(finding: Finding) -> str:
    """One neutral sentence about a finding of any event, with the measured value and its bound."""
    evidence = finding.evidence
    words = EVENTS[finding.event].words
    sentence = _FIELD.sub(lambda field: _WAYS[field["way"]](evidence, field["name"]), words.sentence)
    if finding.together_with is not None:
        sentence += f" {EVENTS[finding.together_with].words.beside}"
    if "unseen_seconds" in evidence:
        sentence += f" For {_s(evidence, 'unseen_seconds')} in between it was unknown; they do not count."
    if "raised_again" in evidence:
        sentence += f" It came again {_n(evidence, 'raised_again')} times; these have no alert of their own."
    ongoing = evidence.get("open_at_end") is True
    return f"{sentence} It still held when watching ended." if ongoing else sentence


def message(finding: Finding) -> str:
    """The candidate's sentence; empty if there is nothing to say."""
    words = EVENTS[finding.event].words
    return words.raised if finding.phase is Phase.RAISED else words.cleared


def _n(values: Values, name: str) -> str:
    """A value in readable form."""
    value = values.get(name)
    if value is None:
        return "unknown"
    return f"{value:.4g}" if isinstance(value, float) else str(value)


def _s(values: Values, name: str) -> str:
    """Seconds with one decimal."""
    value = values.get(name)
    return f"{value:.1f} s" if isinstance(value, int | float) else "an unknown time"


def _deg(values: Values, name: str) -> str:
    value = values.get(name)
    return f"{value:.0f}°" if isinstance(value, int | float) else "an unknown angle"


def _percent(values: Values, name: str) -> str:
    value = values.get(name)
    return f"{100 * value:.0f} %" if isinstance(value, int | float) else "an unknown share"


def _listed(separator: str) -> Way:
    def listed(values: Values, name: str) -> str:
        value = values.get(name)
        return separator.join(map(str, value)) if isinstance(value, list) else "unknown"

    return listed


def _gates(values: Values, name: str) -> str:
    gates = values.get(name)
    if gates == LIKENESS:
        return "the recogniser could not tell whether it is the enrolled face"
    return f"the pictures failed: {gates}" if gates else "no check could be made"


_FIELD: Final = re.compile(r"\{(?P<name>\w+)(?::(?P<way>\w+))?\}")
_WAYS: Final[Mapping[str | None, Way]] = {
    None: _n,
    "s": _s,
    "deg": _deg,
    "percent": _percent,
    "commas": _listed(", "),
    "semicolons": _listed("; "),
    "gates": _gates,
}

"""Makes the reference pages `docs/events.md` and `docs/levels.md` from the tables of events and looks, and
writes `docs/policies.md`, which `edge.tools.policy_reference` makes.

`python -m edge.tools.reference` writes them. They are files of the repository; a test compares them with the
output of this module.
"""

from __future__ import annotations

import re
import sys
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Final

from edge.analysis.levels import LEVELS
from edge.tools.policy_reference import policies_page
from shared.events.looks import LOOK_OF, LOOKS, LookRow, Sense
from shared.events.row import DefaultRule, EventRow, Threshold
from shared.events.table import EVENTS
from shared.events.types import EventClass
from shared.policy.rules import PRESETS, Sensitivity

_MADE: Final = "<!-- Made by `make docs` from the tables in shared/events. Change them, not this page. -->"
_CLASSES: Final = {
    EventClass.CONDUCT: "Observations of the candidate. A person may weigh them; none of them is a verdict.",
    EventClass.IDENTITY: "Observations of whether the person in the picture is the enrolled one.",
    EventClass.TECHNICAL: "Faults of machines and networks. They never add suspicion: their severity is 0.",
    EventClass.MILESTONE: "Neutral steps of an exam.",
    EventClass.PROCTOR: "Acts of a person. A message is shown as written, extra time as a number of minutes.",
}
_ABOUT_RULES: Final = (
    "A condition must last for its *hold* before its event is raised, and be gone for its *clear* time "
    "before the event is over. A dash means that an event is counted, combined from other events, or "
    "raised by the part that has the figures. The numbers are the defaults: an exam's policy may set its own "
    "for each event, and an accommodation may mute or relax an event for one candidate. Severity is the base "
    "from which an alert's severity is computed with confidence and duration. Advice goes to the exam "
    "platform; nothing is done automatically."
)
_ABOUT_WORDS: Final = (
    "Names in braces stand for measured values. When an event is raised, its message is shown to the "
    "candidate if it is technical, conduct with the advice `warning`, or an act of a proctor other than a "
    "mark; everything else is only for staff."
)
_RULES: Final = ("Event", "Hold", "Clear", "Threshold", "Severity", "Advice", "Needs", "Picture", "Raised by")
_WORDS: Final = ("Event", "Name", "Explanation for reviewers", "Message", "Message when it is over")
_STAR: Final = r"\*"
_FIELD: Final = re.compile(r"\{(\w+)(?::\w+)?\}")


def events_page() -> str:
    """Every event: when it is raised and cleared, its severity, its texts."""
    low, high = PRESETS[Sensitivity.LOW], PRESETS[Sensitivity.HIGH]
    presets = (
        f"At low sensitivity the holds of conduct are {low.hold_factor:g} times as long and the gaze zone is "
        f"{low.zone_factor:g} times as wide, at high sensitivity {high.hold_factor:g} and "
        f"{high.zone_factor:g} times. Thresholds that also change are in the tables."
    )
    parts = (part for event_class in EventClass for part in _of_class(event_class))
    return _page("# Events", _MADE, _ABOUT_RULES, presets, _ABOUT_WORDS, *parts)


def levels_page() -> str:
    """Every kind of looking and listening: what it fills, when it is done, its rate on each level."""
    heads = ("Look", "Says", "Done", *(f"L{number}" for number in range(len(LEVELS))))
    rows = (
        (f"{look}{_STAR if row.paced else ''}", _listed(row.fields), _asked(row), *_rates(row))
        for look, row in LOOKS.items()
    )
    return _page(
        "# Levels",
        _MADE,
        "A node that cannot do everything steps down a ladder of levels. The values it leaves out are "
        "unknown, which is neither yes nor no.",
        _lines(f"- **L{number}**: {level.name}" for number, level in enumerate(LEVELS)),
        _table(heads, rows),
        "Rates are looks per second. Sound comes in windows of about half a second. A policy may set its own "
        f"cadence for looks marked with {_STAR}; on the levels after L1 it applies only if it is slower.",
    )


def write_pages(folder: Path) -> None:
    """Write the three pages into a folder."""
    folder.mkdir(parents=True, exist_ok=True)
    folder.joinpath("events.md").write_text(events_page(), "utf-8")
    folder.joinpath("levels.md").write_text(levels_page(), "utf-8")
    folder.joinpath("policies.md").write_text(policies_page(), "utf-8")


def _of_class(event_class: EventClass) -> Iterable[str]:
    rows = [row for row in EVENTS.values() if row.event_class is event_class]
    ruled = [(row, row.rule) for row in rows if row.rule is not None]
    yield f"## {event_class.value.capitalize()}"
    yield _CLASSES[event_class]
    if ruled:
        yield _table(_RULES, (_ruled(row, rule) for row, rule in ruled))
    yield _table(_WORDS, map(_said, rows))


def _ruled(row: EventRow, rule: DefaultRule) -> Sequence[str]:
    return (
        f"`{row.event}`" if rule.enabled else f"`{row.event}` (off unless an exam asks)",
        f"{rule.hold_s:g} s" if row.waited_for else "–",
        f"{rule.clear_s:g} s" if row.waited_for else "–",
        _threshold(row.threshold),
        f"{rule.severity:g}",
        rule.action.value,
        _needs(row),
        "yes" if row.pictured else "no",
        ", ".join(sorted(row.raised_by)) or "nobody yet: planned with hand-over",
    )


def _threshold(known: Threshold | None) -> str:
    if known is None:
        return "–"
    said = f"{known.side} {known.default:g} {known.unit} (from {known.low:g} to {known.high:g})"
    low, high = known.at_low_sensitivity, known.at_high_sensitivity
    return said if low is None or high is None else f"{said}; {low:g} at low, {high:g} at high sensitivity"


def _needs(row: EventRow) -> str:
    look = "–" if row.needs is None else f"{LOOK_OF[row.needs]}: `{row.needs}`"
    return look if row.feature is None else f"{look}; feature `{row.feature}`"


def _said(row: EventRow) -> Sequence[str]:
    words = row.words
    sentence = _FIELD.sub(r"{\1}", words.sentence)
    return (f"`{row.event}`", words.title, sentence, words.raised or "–", words.cleared or "–")


def _asked(row: LookRow) -> str:
    if row.on_demand:
        return "if an event needs it"
    return "always" if row.feature is None else f"with `{row.feature}`"


def _rates(row: LookRow) -> Iterable[str]:
    for rate_hz in row.rates_hz:
        heard = row.sense is Sense.HEARING and rate_hz > 0
        yield "every window" if heard else f"{rate_hz:g}" if rate_hz else "–"


def _listed(names: Iterable[str]) -> str:
    return ", ".join(f"`{name}`" for name in names)


def _table(heads: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    return _lines(f"| {' | '.join(row)} |" for row in (heads, ["---"] * len(heads), *rows))


def _lines(lines: Iterable[str]) -> str:
    return "\n".join(lines)


def _page(*parts: str) -> str:
    return "\n\n".join(parts) + "\n"


if __name__ == "__main__":
    write_pages(Path(sys.argv[1] if len(sys.argv) > 1 else "docs"))

"""Makes the page `docs/policies.md`: every field of an exam's policy with its default and bounds."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from typing import Any, Final

from shared.policy.schema import Policy

_NOT_OF_EXAMS: Final = frozenset({"candidate"})
"""Fields that an exam's own policy may not have."""
INTRODUCTION: Final = """# Policies

<!-- Made by `make docs` from shared/policy. Change that, not this page. -->

A policy says what an exam watches, from which bound on, how long it keeps what, and what it advises. It is
data, JSON or YAML, and names only what differs from the defaults below: `{}` is a policy. Every change makes
a version, and every alert names the version by which it was judged. Unknown fields, values out of bounds and
contradictions are refused with their place.

    proctorctl policies show                    # the defaults, written out
    proctorctl policies check exam.yaml         # everything that is wrong with a file
    proctorctl policies diff now.yaml next.yaml
    proctorctl policies simulate observations.jsonl --policy now.yaml --policy next.yaml
    proctorctl exams set-policy EXAM-CS101 exam.yaml -r "Fewer false alerts." --based-on 1

An exam where books are allowed, telephones are looked for, and gaze counts for little:

    features: {gaze_tracking: true, speech_transcription: false}
    sensitivity: low
    rules:
      PHONE_VISIBLE: {enabled: true}
      GAZE_OFF_SCREEN: {hold_s: 8, action: none}
    retention: {evidence_days: 14}

`rules` has one entry for each event that differs from [Events](events.md). What belongs to one candidate (a
muted or relaxed detector, extra time) is an accommodation, not a policy: `proctorctl accommodations set`. A
running session keeps its policy until somebody changes it: `proctorctl sessions set-policy`.

## Fields"""


def policies_page() -> str:
    """Every field of a policy: its name, default, bounds and meaning."""
    schema = Policy.model_json_schema()
    defaults = Policy().model_dump(mode="json")
    fields = {name: each for name, each in schema["properties"].items() if name not in _NOT_OF_EXAMS}
    lines = ["| field | default | may be | |", "| --- | --- | --- | --- |"]
    lines += [f"| {' | '.join(row)} |" for row in _rows(fields, defaults, schema["$defs"], "")]
    rule = schema["$defs"]["EventRule"]
    of_rules = ["| field | may be | |", "| --- | --- | --- |"]
    of_rules += [
        f"| `{name}` | {_bounds(each, schema['$defs'])} | {_said(each)} |"
        for name, each in rule["properties"].items()
    ]
    told = "Each entry of `rules`; what it leaves out stays as the event's default:"
    return "\n\n".join((INTRODUCTION, "\n".join(lines), told, "\n".join(of_rules))) + "\n"


def _rows(
    fields: Mapping[str, Any], defaults: Mapping[str, Any], known: Mapping[str, Any], within: str
) -> Iterator[tuple[str, str, str, str]]:
    """One row per field; the fields of a field by `outer.inner`."""
    for name, field in fields.items():
        inner = known.get(field.get("$ref", "").rpartition("/")[2], {})
        if "properties" in inner:
            yield f"`{within}{name}`", "", "", _said(field) or _said(inner)
            yield from _rows(inner["properties"], defaults[name], known, f"{within}{name}.")
        else:
            default = json.dumps(defaults[name], ensure_ascii=False)
            shown = f"`{default}`" if len(default) < 60 else "see `policies show`"
            yield f"`{within}{name}`", shown, _bounds(field, known), _said(field)


def _bounds(field: Mapping[str, Any], known: Mapping[str, Any]) -> str:
    kinds = field.get("anyOf", [field])
    return ", or ".join(
        _kind({**known.get(one.get("$ref", "").rpartition("/")[2], {}), **one}) for one in kinds
    )


def _kind(one: Mapping[str, Any]) -> str:
    if "enum" in one:
        return ", ".join(f"`{value}`" for value in one["enum"][:8]) + (" …" if len(one["enum"]) > 8 else "")
    least = one.get("minimum", one.get("exclusiveMinimum"))
    most = one.get("maximum", one.get("exclusiveMaximum"))
    name = {
        "boolean": "true, false",
        "integer": "whole number",
        "number": "number",
        "array": "list",
        "object": "entries by name",
        "null": "none",
        "string": "text",
    }[one["type"]]
    return name if least is None and most is None else f"{name}, {_range(least, most)}"


def _range(least: float | None, most: float | None) -> str:
    if most is None:
        return f"{least:g} or more"
    return f"up to {most:g}" if least is None else f"{least:g} to {most:g}"


def _said(field: Mapping[str, Any]) -> str:
    return " ".join(field.get("description", "").split()).replace("|", "\\|")

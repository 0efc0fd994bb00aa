"""The differences between two policies: the rules in force, field by field. Pure."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from shared.policy.rules import DEFAULT_RULES
from shared.policy.schema import Policy


@dataclass(frozen=True, slots=True)
class Change:
    """One field that differs; `path` as in the policy's data."""

    path: str
    before: Any
    after: Any


def in_force(policy: Policy) -> dict[str, Any]:
    """The policy as plain data with all rules, after presets and accommodations."""
    data = policy.model_dump(mode="json")
    data["rules"] = {event.value: policy.rule(event).model_dump(mode="json") for event in DEFAULT_RULES}
    data["gaze_zone"] = policy.zone.model_dump(mode="json")
    return data


def differences(before: Policy, after: Policy) -> list[Change]:
    """Every field in force that differs, by path; without the version."""
    old, new = _flat(in_force(before)), _flat(in_force(after))
    return [
        Change(path, old.get(path), new.get(path))
        for path in sorted(old.keys() | new.keys())
        if path != "version" and old.get(path) != new.get(path)
    ]


def _flat(data: dict[str, Any], before: str = "") -> dict[str, Any]:
    flat: dict[str, Any] = {}
    for name, value in data.items():
        if isinstance(value, dict):
            flat |= _flat(value, f"{before}{name}.")
        else:
            flat[f"{before}{name}"] = value
    return flat

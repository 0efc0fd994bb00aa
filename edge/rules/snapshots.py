"""Reading a snapshot back: what comes from another node is checked, value by value.

Snapshots are JSON objects. The readers raise `ValueError` for anything that a snapshot would not hold.
"""

from __future__ import annotations

from collections.abc import Mapping

Json = str | int | float | bool | None | list["Json"] | dict[str, "Json"]
Saved = dict[str, Json]
MOST = 1e12
"""No time, angle or count of an exam is larger; NaN and infinities, which compare with nothing, are none."""


def number(saved: Mapping[str, Json], name: str) -> float:
    """A number of the snapshot."""
    value = saved.get(name)
    if isinstance(value, bool) or not isinstance(value, int | float) or not -MOST <= value <= MOST:
        raise ValueError(f"the snapshot's {name} is not a number")
    return float(value)


def optional_number(saved: Mapping[str, Json], name: str) -> float | None:
    """A number of the snapshot, or None where it holds null."""
    return None if saved.get(name) is None else number(saved, name)


def integer(saved: Mapping[str, Json], name: str) -> int:
    """A whole number of the snapshot, not negative."""
    value = saved.get(name)
    if isinstance(value, bool) or not isinstance(value, int) or value < 0:
        raise ValueError(f"the snapshot's {name} is not a whole number")
    return value


def optional_integer(saved: Mapping[str, Json], name: str) -> int | None:
    """A whole number of the snapshot, or None where it holds null."""
    return None if saved.get(name) is None else integer(saved, name)


def text(saved: Mapping[str, Json], name: str) -> str:
    """A text of the snapshot."""
    value = saved.get(name)
    if not isinstance(value, str):
        raise ValueError(f"the snapshot's {name} is not a text")
    return value


def flag(saved: Mapping[str, Json], name: str) -> bool:
    """A truth value of the snapshot."""
    value = saved.get(name)
    if not isinstance(value, bool):
        raise ValueError(f"the snapshot's {name} is not true or false")
    return value


def part(saved: Mapping[str, Json], name: str) -> Saved:
    """A snapshot inside the snapshot."""
    value = saved.get(name)
    if not isinstance(value, dict):
        raise ValueError(f"the snapshot's {name} is missing")
    return value


def numbers(saved: Mapping[str, Json], name: str, limit: int) -> list[float]:
    """A list of at most `limit` numbers."""
    values = saved.get(name)
    if not isinstance(values, list) or len(values) > limit:
        raise ValueError(f"the snapshot's {name} is not a list of at most {limit}")
    return [number({name: value}, name) for value in values]

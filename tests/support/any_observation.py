"""Observations with anything in every field that their declaration allows, for properties."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import fields, is_dataclass, replace
from types import NoneType, UnionType
from typing import Any, Final, Union, get_args, get_origin, get_type_hints

from hypothesis import strategies as st

from shared.observations import Observation

LONGEST: Final = 3
"""Of the lists in an observation."""
PLAIN: Final[dict[type, st.SearchStrategy[Any]]] = {
    bool: st.booleans(),
    int: st.integers(0, 2_000),
    float: st.one_of(st.floats(0, 1), st.floats(-2_000, 2_000)),
    str: st.sampled_from(["phone", "door", "hey", "head", "eyes hidden", ""]),
    NoneType: st.none(),
}


def any_of(kind: Any) -> st.SearchStrategy[Any]:
    """Values of a declared type; every field of a dataclass gets one."""
    origin, arguments = get_origin(kind) or kind, get_args(kind)
    if origin in (Union, UnionType):
        return st.one_of(*map(any_of, arguments))
    if origin is tuple:
        return st.lists(any_of(arguments[0]), max_size=LONGEST).map(tuple)
    if isinstance(origin, type) and is_dataclass(origin):
        hints = get_type_hints(origin)
        return st.builds(origin, **{each.name: any_of(hints[each.name]) for each in fields(origin)})
    return PLAIN[origin]


def at_times(seen: Iterable[tuple[Observation, float]]) -> list[Observation]:
    """Each observation so many seconds after the one before it, from 0 s on."""
    now_s, course = 0.0, list[Observation]()
    for observation, passed_s in seen:
        now_s += passed_s
        course.append(replace(observation, at=now_s, level=observation.level % 5))
    return course


any_observation: Final[st.SearchStrategy[Observation]] = any_of(Observation)
any_session: Final = st.lists(
    st.tuples(any_observation, st.sampled_from([0.0, 0.2, 0.5, 2.0, 9.0])), max_size=30
).map(at_times)
"""Observations in the order of their times, each with anything in it."""

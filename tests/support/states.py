"""States taken apart, for tests that nothing in them is forgotten and nothing false gets into them."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable, Iterator
from copy import deepcopy
from dataclasses import MISSING, fields, is_dataclass
from enum import Enum, StrEnum
from functools import cache
from types import NoneType, UnionType
from typing import Annotated, Any, Union, get_args, get_origin, get_type_hints

from shared.events.types import EventType
from shared.saving import AtLeast, Omit, save

JPEG = b"\xff\xd8\xff" + bytes(range(9))


def kinds(kind: Any) -> list[type]:
    """A dataclass and all that its declared fields hold, each once."""
    found: dict[type, None] = {}

    def collect(declared: Any) -> None:
        if is_dataclass(declared) and isinstance(declared, type) and declared not in found:
            found[declared] = None
            for hint in _hints(declared).values():
                collect(hint)
        for argument in get_args(declared):
            collect(argument)

    collect(kind)
    return list(found)


def sample(declared: Any) -> Any:
    """A value of a declared type that is nobody's default."""
    origin, arguments = get_origin(declared) or declared, get_args(declared)
    if origin is Annotated:
        least = [mark.value for mark in arguments[1:] if isinstance(mark, AtLeast)]
        value = sample(arguments[0])
        return max(value, int(max(least))) if least else value
    if origin in (Union, UnionType):
        return sample(next(each for each in arguments if each is not NoneType))
    if origin is tuple and arguments[-1] is not Ellipsis:
        return tuple(sample(each) for each in arguments)
    if origin in (list, tuple, deque, frozenset):
        return origin([sample(arguments[0])])
    if origin is dict:
        return {sample(arguments[0]): sample(arguments[1])}
    if isinstance(declared, type) and is_dataclass(declared):
        return declared(**{name: sample(hint) for name, hint in _hints(declared).items()})
    if issubclass(declared, StrEnum):
        return EventType.MULTIPLE_FACES if declared is EventType else list(declared)[-1]
    return {bool: True, int: 3, float: 1.25, str: "words", bytes: JPEG, object: 0}[declared]


def falsified(kind: type) -> Iterator[Any]:
    """What was saved of a sample, each time with one thing wrong that its declaration does not allow.

    Dataclasses within it are taken as they are: they are kinds of their own.
    """
    saved = save(sample(kind))
    yield from ([saved], None, "state", {**saved, "else": 0})
    for name, hint in _hints(kind).items():
        whole = is_dataclass(hint)
        for path, value in ((name,), saved[name]), *(() if whole else _inner(saved[name], (name,))):
            yield from (_with(saved, path, false) for false in _false(value))
        if Omit.AT_DEFAULT not in getattr(hint, "__metadata__", ()):
            yield {key: value for key, value in saved.items() if key != name}


def beside(owner: object, state: object) -> dict[str, str]:
    """What an object and the objects it is made of keep besides a state, by where it stands."""
    held, found = _containers(state), dict[str, str]()

    def walk(value: Any, path: str) -> None:
        if id(value) in held:
            return
        if isinstance(value, dict):
            for name, each in value.items():
                walk(each, f"{path}[{name}]")
        elif isinstance(value, list | tuple | deque | set):
            for number, each in enumerate(value):
                walk(each, f"{path}[{number}]")
        elif type(value).__module__.startswith("edge.") and not isinstance(value, Enum):
            for name, each in _attributes(value):
                walk(each, f"{path}.{name}")
        else:
            found[path] = repr(value)

    walk(owner, "")
    return found


def changed_fields(state: object) -> set[str]:
    """What in a state is no longer as it begins, as `Kind.field`. A field that has no default counts."""
    found = set[str]()

    def walk(value: Any) -> None:
        if is_dataclass(value):
            for each in fields(value):
                own = getattr(value, each.name)
                begins = each.default if each.default_factory is MISSING else each.default_factory()
                if own != begins:
                    found.add(f"{type(value).__name__}.{each.name}")
                walk(own)
        elif isinstance(value, dict):
            walk([*value.values()])
        elif isinstance(value, list | tuple | deque | frozenset):
            for inner in value:
                walk(inner)

    walk(state)
    return found


@cache
def _hints(kind: type) -> dict[str, Any]:
    hints = get_type_hints(kind, include_extras=True)
    return {each.name: hints[each.name] for each in fields(kind)}


def _inner(saved: Any, path: tuple[str | int, ...] = ()) -> Iterator[tuple[tuple[str | int, ...], Any]]:
    """All that stands within what was saved, with the way there."""
    pairs: Iterable[tuple[str | int, Any]] = ()
    if isinstance(saved, dict):
        pairs = saved.items()
    elif isinstance(saved, list):
        pairs = enumerate(saved)
    for name, value in pairs:
        yield (*path, name), value
        yield from _inner(value, (*path, name))


def _false(value: Any) -> list[Any]:
    """What cannot stand where a value of a sample stands, whatever was declared."""
    match value:
        case bool():
            return [1, "true", {}]
        case int():
            return [-1, 2.5, True, "3", 10**13, 10**400, []]
        case float():
            return [float("nan"), float("inf"), -float("inf"), 1e13, True, "1.25", 10**400, [], {}]
        case str():
            return ["\ud800", "x" * 70_000, {}]
        case list():
            return [{}, value * 200, "list", 0]
        case _:
            return [[], "object", 5]


def _with(saved: Any, path: tuple[str | int, ...], value: Any) -> Any:
    """A copy with one value replaced."""
    whole = deepcopy(saved)
    inner = whole
    for name in path[:-1]:
        inner = inner[name]
    inner[path[-1]] = value
    return whole


def _attributes(value: object) -> Iterator[tuple[str, Any]]:
    names = {name for kind in type(value).__mro__ for name in getattr(kind, "__slots__", ())}
    for name in sorted(names | vars(value).keys() if hasattr(value, "__dict__") else names):
        if hasattr(value, name):
            yield name, getattr(value, name)


def _containers(state: Any) -> set[int]:
    """Which objects a state is made of that can change: its dataclasses and what they collect in."""
    found = set[int]()

    def walk(value: Any) -> None:
        if is_dataclass(value):
            found.add(id(value))
            for each in fields(value):
                walk(getattr(value, each.name))
        elif isinstance(value, dict):
            found.add(id(value))
            for each in value.values():
                walk(each)
        elif isinstance(value, list | deque):
            found.add(id(value))

    walk(state)
    return found

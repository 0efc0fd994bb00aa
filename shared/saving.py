"""Saves state as JSON and restores it, by the fields of its dataclasses. Pure, standard library only.

`save` trusts its caller. `restore` trusts no input: data from another node or process is checked value by
value, and a value that the declaration does not allow raises `ValueError` with the field's name.

A field may be a bool, int, float, str, bytes, StrEnum or dataclass; a list, deque, tuple, frozenset or dict
of these; and a union of them whose JSON types differ. A type that can grow declares a limit, such as
`Annotated[deque[float], AtMost(64)]`, unless a StrEnum bounds it. A declaration that cannot be saved raises
`TypeError` when it is first used.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from dataclasses import MISSING, Field, dataclass, fields, is_dataclass
from enum import Enum, StrEnum
from functools import cache
from types import MappingProxyType, NoneType, UnionType
from typing import Annotated, Any, Final, TypeVar, Union, get_args, get_origin, get_type_hints

from shared.saved_values import (
    UNBOUNDED,
    Arguments,
    Bounds,
    Form,
    Maker,
    anything,
    exactly,
    number,
    octets,
    refused,
    text,
    word,
)

T = TypeVar("T")
Json = str | int | float | bool | None | list["Json"] | dict[str, "Json"]
Saved = dict[str, Json]


@dataclass(frozen=True, slots=True)
class AtLeast:
    """The least value of a number."""

    value: float


@dataclass(frozen=True, slots=True)
class AtMost:
    """The greatest value of a number; for other types the greatest length."""

    value: float


class Omit(Enum):
    """Marks a field that may be missing from what is saved."""

    AT_DEFAULT = "at default"
    """Left out while it has its default, so that idle rules take little space."""


Count = Annotated[int, AtLeast(0)]
"""A whole number ≥ 0."""
Part = Annotated[dict[str, Any], AtMost(64)]
"""State that is saved already; its owner restores it."""


def save(state: Any) -> Saved:
    """Save a dataclass as JSON; the result shares no object with it."""
    saved: Saved = _form(type(state)).write(state)
    return saved


def restore(kind: type[T], saved: Json) -> T:
    """Restore a saved dataclass. Raises ValueError with the field's name for invalid data."""
    restored: T = _form(kind).read(saved, "")
    return restored


def _form(kind: Any, bounds: Bounds = UNBOUNDED) -> Form:
    return _resolved(kind, bounds)


@cache
def _resolved(kind: Any, bounds: Bounds) -> Form:
    origin, arguments = get_origin(kind) or kind, get_args(kind)
    if origin is Annotated:
        least = [mark.value for mark in arguments[1:] if isinstance(mark, AtLeast)]
        most = [mark.value for mark in arguments[1:] if isinstance(mark, AtMost)]
        return _form(arguments[0], Bounds(max(least, default=None), min(most, default=None)))
    if origin in (Union, UnionType):
        return _union(arguments)
    if is_dataclass(origin):
        return _record(kind)
    if isinstance(origin, type) and issubclass(origin, StrEnum):
        return word(origin)
    if origin not in _MAKERS:
        raise TypeError(f"{kind} cannot be saved")
    return _MAKERS[origin](arguments, bounds)


def _union(kinds: Arguments) -> Form:
    """A union: members are told apart by their JSON type; a single member beside None may be of any type."""
    forms = {form.json: form for form in map(_form, kinds)}
    if len(forms) < len(kinds):
        raise TypeError(f"JSON does not tell {kinds} apart")
    forms.pop(NoneType, None)
    (one, *more) = forms.values()

    def form_of(value: Any) -> Form | None:
        return forms.get(type(value)) if more else one

    def write(value: Any) -> Any:
        if value is None:
            return None
        form = form_of(value)
        return value if form is None else form.write(value)

    def read(saved: Any, name: str) -> Any:
        if saved is None and NoneType in kinds:
            return None
        form = form_of(saved)
        if form is None:
            raise refused(name, " or ".join(kind.__name__ for kind in forms))
        return form.read(saved, name)

    return Form(object, write, read)


def _record(kind: Any) -> Form:
    """A dataclass, as an object by field names."""
    hints = get_type_hints(kind, include_extras=True)
    declared = [(each, each.name, hints[each.name]) for each in fields(kind)]
    columns = [(name, _form(hint), _omitted(each, hint)) for each, name, hint in declared]
    readers = {name: form.read for name, form, _ in columns}
    required = {name for name, _, omitted in columns if omitted is MISSING}

    def write(state: Any) -> Saved:
        saved = {}
        for name, form, omitted in columns:
            value = getattr(state, name)
            if omitted is MISSING or value != omitted:
                saved[name] = form.write(value)
        return saved

    def read(saved: Any, name: str) -> Any:
        if not isinstance(saved, dict):
            raise refused(name, "an object")
        within = f"{name}." if name else ""
        for missing in sorted(required - saved.keys()):
            raise refused(f"{within}{missing}", "there")
        if not saved.keys() <= readers.keys():
            raise refused(name, f"made of the fields of {kind.__name__} alone")
        return kind(**{field: readers[field](value, f"{within}{field}") for field, value in saved.items()})

    return Form(dict, write, read)


def _omitted(declared: Field[Any], hint: Any) -> Any:
    """The value at which a field is left out; MISSING: never left out."""
    if Omit.AT_DEFAULT not in getattr(hint, "__metadata__", ()):
        return MISSING
    return declared.default if declared.default_factory is MISSING else declared.default_factory()


def _sequence(fill: Callable[[list[Any], int], Any]) -> Maker:
    """A sequence of values of one type."""

    def maker(arguments: Arguments, bounds: Bounds) -> Form:
        most, item = bounds.length(), _form(arguments[0])

        def write(values: Any) -> list[Any]:
            return [item.write(value) for value in values]

        def read(saved: Any, name: str) -> Any:
            if not isinstance(saved, list) or len(saved) > most:
                raise refused(name, f"a list of at most {most}")
            return fill([item.read(value, f"{name}[{place}]") for place, value in enumerate(saved)], most)

        return Form(list, write, read)

    return maker


def _tuple(arguments: Arguments, bounds: Bounds) -> Form:
    """A tuple: values of one type, or one value per type."""
    if arguments[-1] is Ellipsis:
        return _sequence(lambda values, _: tuple(values))(arguments, bounds)
    items = [_form(kind) for kind in arguments]

    def write(values: Any) -> list[Any]:
        return [item.write(value) for item, value in zip(items, values, strict=True)]

    def read(saved: Any, name: str) -> tuple[Any, ...]:
        if not isinstance(saved, list) or len(saved) != len(items):
            raise refused(name, f"a list of {len(items)}")
        rows = enumerate(zip(items, saved, strict=True))
        return tuple(item.read(value, f"{name}[{place}]") for place, (item, value) in rows)

    return Form(list, write, read)


def _set(arguments: Arguments, bounds: Bounds) -> Form:
    (kind,) = arguments
    within = Bounds(most=bounds.length(_members(kind)))
    listed = _sequence(lambda values, _: frozenset(values))(arguments, within)
    return Form(list, lambda values: sorted(listed.write(values)), listed.read)


def _mapping(arguments: Arguments, bounds: Bounds) -> Form:
    """A mapping from text or words to values."""
    key, value = map(_form, arguments)
    most = bounds.length(_members(arguments[0]))

    def write(values: Any) -> Saved:
        return {key.write(name): value.write(each) for name, each in values.items()}

    def read(saved: Any, name: str) -> dict[Any, Any]:
        if not isinstance(saved, dict) or len(saved) > most:
            raise refused(name, f"an object of at most {most}")
        return {
            key.read(word, f"{name} key"): value.read(each, f"{name}.{word:.40}")
            for word, each in saved.items()
        }

    return Form(dict, write, read)


def _members(kind: Any) -> int | None:
    """The number of members of a StrEnum; None: unlimited."""
    return len(kind) if isinstance(kind, type) and issubclass(kind, StrEnum) else None


_MAKERS: Final = MappingProxyType[Any, Maker](
    {
        Any: anything,
        NoneType: exactly(NoneType),
        bool: exactly(bool),
        int: number(int),
        float: number(float),
        str: text,
        bytes: octets,
        list: _sequence(lambda values, _: values),
        deque: _sequence(lambda values, most: deque(values, most)),
        tuple: _tuple,
        frozenset: _set,
        dict: _mapping,
    }
)

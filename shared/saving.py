"""State as JSON and back, by the declared fields of its dataclasses. Pure, standard library only.

`save` trusts its caller. `restore` trusts nobody: what comes from another node or process is checked value by
value, and whatever the declaration does not allow raises `ValueError` with the name of the field.

A field may be a bool, int, float, str, bytes, StrEnum or dataclass; a list, deque, tuple, frozenset or dict
of these; and a union of them that JSON tells apart. What can grow says how far, such as
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
    """The greatest value of a number; of everything else, its greatest length."""

    value: float


class Omit(Enum):
    """Marks a field that may be missing from what is saved."""

    AT_DEFAULT = "at default"
    """It is left out while it has its default: idle rules then take little room."""


Count = Annotated[int, AtLeast(0)]
"""A whole number, not negative."""
Part = Annotated[dict[str, Any], AtMost(64)]
"""Something saved already, which its owner restores."""


def save(state: Any) -> Saved:
    """A dataclass as JSON that shares nothing with it."""
    saved: Saved = _form(type(state)).write(state)
    return saved


def restore(kind: type[T], saved: Json) -> T:
    """The dataclass that was saved. Raises ValueError, which names the field, for anything else."""
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
    """Told apart by what they are in JSON; one member beside None may be anything."""
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
    """A dataclass, as an object with its fields' names."""
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
    """The value at which a field is left out; MISSING: it never is."""
    if Omit.AT_DEFAULT not in getattr(hint, "__metadata__", ()):
        return MISSING
    return declared.default if declared.default_factory is MISSING else declared.default_factory()


def _sequence(fill: Callable[[list[Any], int], Any]) -> Maker:
    """A row of values of one type."""

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
    """Values of one type, or as many as there are types."""
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
    """Values by texts or words."""
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
    """How many words there are of a kind; None: any number."""
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

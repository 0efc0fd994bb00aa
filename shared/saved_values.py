"""Writes and reads single values of a saved state, for `shared.saving`. Pure."""

from __future__ import annotations

from base64 import b64decode, b64encode
from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum
from typing import Any, Final

MOST: Final = 1e12
"""No time, angle or count of an exam is larger. NaN and infinities are refused."""
MOST_CHARS: Final = 1_000
"""The most for a text that declares no other bound."""


@dataclass(frozen=True, slots=True)
class Form:
    """How values of one type are written and read; `read` also takes the field's name."""

    json: type
    """Their type when written."""
    write: Callable[[Any], Any]
    read: Callable[[Any, str], Any]


@dataclass(frozen=True, slots=True)
class Bounds:
    """The bounds of a declaration."""

    least: float | None = None
    most: float | None = None

    def length(self, otherwise: int | None = None) -> int:
        """The greatest length."""
        most = otherwise if self.most is None else int(self.most)
        if most is None:
            raise TypeError("what can grow must say how far: Annotated[…, AtMost(…)]")
        return most


UNBOUNDED: Final = Bounds()
Arguments = tuple[Any, ...]
"""The arguments of a declared type, in its brackets."""
Maker = Callable[[Arguments, Bounds], Form]


def refused(name: str, what: str) -> ValueError:
    """The error of `restore` for the field of this name; an empty name for the whole."""
    of = f"'s {name}" if name else ""
    return ValueError(f"the snapshot{of} is not {what}")


def anything(_arguments: Arguments, _bounds: Bounds) -> Form:
    """Values that stay unchanged."""
    return Form(object, _same, lambda saved, _name: saved)


def exactly(kind: type) -> Maker:
    """Values of a type that JSON has too."""

    def read(saved: Any, name: str) -> Any:
        if not isinstance(saved, kind):
            raise refused(name, f"a {kind.__name__}")
        return saved

    return lambda _arguments, _bounds: Form(kind, _same, read)


def number(kind: type[int] | type[float]) -> Maker:
    """Numbers within bounds; booleans are refused."""
    allowed = int if kind is int else (int, float)

    def maker(_arguments: Arguments, bounds: Bounds) -> Form:
        least = -MOST if bounds.least is None else bounds.least
        most = MOST if bounds.most is None else bounds.most

        def read(saved: Any, name: str) -> float:
            if isinstance(saved, bool) or not isinstance(saved, allowed) or not least <= saved <= most:
                raise refused(name, f"{_ARTICLES[kind]} from {least:g} to {most:g}")
            return kind(saved)

        # Convert to plain numbers: arrays give their own number types, which JSON does not support.
        return Form(kind, kind, read)

    return maker


_ARTICLES: Final = {int: "a whole number", float: "a number"}


def text(_arguments: Arguments, bounds: Bounds) -> Form:
    """Text with a greatest length."""
    most = bounds.length(MOST_CHARS)

    def read(saved: Any, name: str) -> str:
        if not isinstance(saved, str) or len(saved) > most:
            raise refused(name, f"a text of at most {most} characters")
        # JSON accepts half of a surrogate pair as text, but it cannot be encoded as UTF-8.
        if not saved.isascii() and any("\ud800" <= character <= "\udfff" for character in saved):
            raise refused(name, "a text of whole characters")
        return saved

    return Form(str, _same, read)


def octets(_arguments: Arguments, bounds: Bounds) -> Form:
    """Bytes, as base64."""
    most = bounds.length()

    def read(saved: Any, name: str) -> bytes:
        try:
            raw = b64decode(saved, validate=True) if isinstance(saved, str) else None
        except ValueError:
            raw = None
        if raw is None or len(raw) > most:
            raise refused(name, f"base64 of at most {most} bytes")
        return raw

    return Form(str, lambda value: b64encode(value).decode("ascii"), read)


def word(kind: type[StrEnum]) -> Form:
    """One of a closed list."""
    words = {member.value: member for member in kind}

    def read(saved: Any, name: str) -> StrEnum:
        word = words.get(saved) if isinstance(saved, str) else None
        if word is None:
            raise refused(name, f"one of {kind.__name__}")
        return word

    return Form(str, lambda word: word.value, read)


def _same(value: Any) -> Any:
    return value

"""State as JSON and back: by its declaration alone, and refused wherever it does not keep to it."""

from __future__ import annotations

import json
from collections import deque
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Annotated, Any

import pytest

from shared.saving import AtLeast, AtMost, Count, Omit, Part, restore, save


class Colour(StrEnum):
    RED = "red"
    BLUE = "blue"


@dataclass(frozen=True, slots=True)
class Point:
    x: float
    y: float = 0.0


@dataclass(slots=True)
class Everything:
    flag: bool
    number: float
    share: Annotated[float, AtLeast(0), AtMost(1)]
    count: Count
    name: str
    short: Annotated[str, AtMost(3)]
    raw: Annotated[bytes, AtMost(4)]
    colour: Colour
    maybe: float | None
    mixed: int | float | str | bool | Annotated[list[int | None], AtMost(2)] | None
    point: Point
    pair: tuple[float, Point]
    row: Annotated[tuple[float, ...], AtMost(3)]
    last: Annotated[deque[tuple[float, bool]], AtMost(3)]
    listed: Annotated[list[Annotated[list[int], AtMost(2)]], AtMost(2)]
    colours: frozenset[Colour]
    by_colour: dict[Colour, Point]
    by_name: Annotated[dict[str, float], AtMost(2)]
    part: Part
    idle: Annotated[Point | None, Omit.AT_DEFAULT] = None
    calm: Annotated[list[int], AtMost(2), Omit.AT_DEFAULT] = field(default_factory=list)


def everything() -> Everything:
    return Everything(
        flag=True,
        number=-1.5,
        share=0.25,
        count=3,
        name="Ø",
        short="abc",
        raw=b"\x00\xff",
        colour=Colour.RED,
        maybe=None,
        mixed=[1, None],
        point=Point(1.0),
        pair=(1.0, Point(2.0, 3.0)),
        row=(1.0, 2.0),
        last=deque([(1.0, True), (2.0, False)], 3),
        listed=[[1], [2, 3], []][:2],
        colours=frozenset(Colour),
        by_colour={Colour.BLUE: Point(0.5)},
        by_name={"a": 1.0},
        part={"any": ["thing"]},
    )


SAVED: dict[str, Any] = {
    "flag": True,
    "number": -1.5,
    "share": 0.25,
    "count": 3,
    "name": "Ø",
    "short": "abc",
    "raw": "AP8=",
    "colour": "red",
    "maybe": None,
    "mixed": [1, None],
    "point": {"x": 1.0, "y": 0.0},
    "pair": [1.0, {"x": 2.0, "y": 3.0}],
    "row": [1.0, 2.0],
    "last": [[1.0, True], [2.0, False]],
    "listed": [[1], [2, 3]],
    "colours": ["blue", "red"],
    "by_colour": {"blue": {"x": 0.5, "y": 0.0}},
    "by_name": {"a": 1.0},
    "part": {"any": ["thing"]},
}


def test_every_type_is_written_as_json_and_comes_back() -> None:
    assert save(everything()) == SAVED
    restored = restore(Everything, json.loads(json.dumps(SAVED)))
    assert restored == everything()
    assert restored.last.maxlen == 3
    assert type(restore(Everything, {**SAVED, "number": 2}).number) is float


def test_what_is_saved_shares_nothing_with_the_state() -> None:
    state = everything()
    saved = save(state)
    state.last.append((3.0, True))
    state.by_name["b"] = 2.0
    state.listed[0].append(9)
    assert saved == SAVED


@pytest.mark.parametrize("mixed", [None, True, 1, 1.0, "x", [2]])
def test_a_union_tells_its_members_apart(mixed: Any) -> None:
    state = everything()
    state.mixed = mixed
    restored = restore(Everything, json.loads(json.dumps(save(state))))
    assert (restored.mixed, type(restored.mixed)) == (mixed, type(mixed))


def test_a_field_at_its_default_may_be_left_out() -> None:
    state = everything()
    state.idle, state.calm = Point(1.0), [1]
    saved = save(state)
    assert (saved["idle"], saved["calm"]) == ({"x": 1.0, "y": 0.0}, [1])
    assert restore(Everything, saved) == state
    first, second = restore(Everything, SAVED), restore(Everything, SAVED)
    first.calm.append(1)
    assert second.calm == []


@pytest.mark.parametrize(
    ("field_name", "value", "named"),
    [
        ("flag", 1, "flag is not a bool"),
        ("number", True, "number is not a number"),
        ("number", "1", "number is not a number"),
        ("number", float("nan"), "number is not a number"),
        ("number", float("inf"), "number is not a number"),
        ("number", 1.1e12, "number is not a number"),
        ("number", 10**400, "number is not a number"),
        ("number", None, "number is not a number"),
        ("share", 1.01, "share is not a number from 0 to 1"),
        ("count", -1, "count is not a whole number"),
        ("count", 1.0, "count is not a whole number"),
        ("count", False, "count is not a whole number"),
        ("name", 5, "name is not a text"),
        ("name", "x" * 1_001, "name is not a text of at most 1000"),
        ("name", "\ud800", "name is not a text of whole characters"),
        ("short", "abcd", "short is not a text of at most 3"),
        ("raw", "AAAAAAA=", "raw is not base64 of at most 4 bytes"),
        ("raw", 5, "raw is not base64"),
        ("raw", "A", "raw is not base64"),
        ("raw", "Ø===", "raw is not base64"),
        ("colour", "green", "colour is not one of Colour"),
        ("colour", 1, "colour is not one of Colour"),
        ("colour", [], "colour is not one of Colour"),
        ("maybe", "x", "maybe is not a number"),
        ("mixed", {}, "mixed is not int or"),
        ("mixed", [1, 2, 3], "mixed is not a list of at most 2"),
        ("mixed", [[1]], r"mixed\[0\] is not a whole number"),
        ("point", [1.0, 2.0], "point is not an object"),
        ("point", {"x": 1.0}, "point.y is not there"),
        ("point", {"x": 1.0, "y": 0.0, "z": 0.0}, "point is not made of the fields of Point alone"),
        ("point", {"x": 1.0, "y": None}, "point.y is not a number"),
        ("pair", [1.0], "pair is not a list of 2"),
        ("pair", [1.0, 2.0], r"pair\[1\] is not an object"),
        ("row", [0.0] * 4, "row is not a list of at most 3"),
        ("last", [[1.0, True]] * 4, "last is not a list of at most 3"),
        ("last", [[1.0, 1.0]], r"last\[0\]\[1\] is not a bool"),
        ("last", {}, "last is not a list"),
        ("listed", [[1, 2, 3]], r"listed\[0\] is not a list of at most 2"),
        ("colours", ["red", "red", "red"], "colours is not a list of at most 2"),
        ("by_colour", {"green": {"x": 0.0, "y": 0.0}}, "by_colour key is not one of Colour"),
        ("by_colour", [], "by_colour is not an object"),
        ("by_name", {"a": 1.0, "b": 1.0, "c": 1.0}, "by_name is not an object of at most 2"),
        ("by_name", {"x" * 1_001: 1.0}, "by_name key is not a text"),
        ("by_name", {"a": None}, "by_name.a is not a number"),
        ("part", [], "part is not an object"),
        ("idle", {}, "idle.x is not there"),
        ("more", 1, "is not made of the fields of Everything alone"),
    ],
)
def test_what_was_not_declared_is_refused_by_name(field_name: str, value: Any, named: str) -> None:
    with pytest.raises(ValueError, match=named):
        restore(Everything, {**SAVED, field_name: value})


@pytest.mark.parametrize("missing", SAVED)
def test_what_is_missing_is_refused_by_name(missing: str) -> None:
    with pytest.raises(ValueError, match=f"'s {missing} is not there"):
        restore(Everything, {name: value for name, value in SAVED.items() if name != missing})


@dataclass(slots=True)
class Unbounded:
    numbers: list[float]


@dataclass(slots=True)
class Unknown:
    value: complex


@dataclass(slots=True)
class Ambiguous:
    value: str | Colour


@pytest.mark.parametrize("kind", [Unbounded, Unknown, Ambiguous])
def test_a_declaration_that_cannot_be_kept_is_a_fault_of_the_program(kind: type) -> None:
    with pytest.raises(TypeError):
        restore(kind, {})

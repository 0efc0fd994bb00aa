"""What breaks callers of an earlier description, and what does not."""

from __future__ import annotations

import copy
from collections.abc import Callable
from typing import Any

import pytest

from coordinator.web_api.contract import bare, breaks

Change = Callable[[dict[str, Any]], None]


def thing(name: str) -> dict[str, Any]:
    """A schema of many kinds of fields, that holds itself."""
    return {
        "type": "object",
        "properties": {
            "name": {"type": "string", "maxLength": 20},
            "state": {"enum": ["open", "closed"], "type": "string"},
            "size": {"type": "number", "minimum": 0},
            "note": {"anyOf": [{"type": "string"}, {"type": "null"}]},
            "parts": {"type": "array", "items": {"$ref": f"#/components/schemas/{name}"}},
        },
        "required": ["name", "state"],
        "additionalProperties": False,
    }


DESCRIPTION: dict[str, Any] = {
    "paths": {
        "/things/{id}": {
            "post": {
                "operationId": "make_thing",
                "parameters": [
                    {"name": "id", "in": "path", "required": True, "schema": {"type": "string"}},
                    {"name": "fast", "in": "query", "schema": {"type": "boolean"}},
                ],
                "requestBody": {
                    "required": False,
                    "content": {"application/json": {"schema": {"$ref": "#/components/schemas/Wish"}}},
                },
                "responses": {
                    "201": {
                        "content": {"application/json": {"schema": {"$ref": "#/components/schemas/Thing"}}}
                    },
                    "409": {"content": {"application/problem+json": {"schema": {"type": "object"}}}},
                },
            }
        }
    },
    "components": {"schemas": {name: thing(name) for name in ("Wish", "Thing")}},
}


def operation(after: dict[str, Any]) -> Any:
    return after["paths"]["/things/{id}"]["post"]


def schema(after: dict[str, Any], name: str) -> Any:
    return after["components"]["schemas"][name]


def field(name: str, of: str, **changes: Any) -> Change:
    return lambda after: schema(after, of)["properties"][name].update(changes)


def no_field(name: str, of: str) -> Change:
    return lambda after: schema(after, of)["properties"].pop(name)


def more_required(name: str, of: str) -> Change:
    return lambda after: schema(after, of)["required"].append(name)


def less_required(name: str, of: str) -> Change:
    return lambda after: schema(after, of)["required"].remove(name)


def alternatives(of: str, *kinds: str) -> Change:
    return field("note", of, anyOf=[{"type": kind} for kind in kinds])


def parameter(**fields: Any) -> Change:
    return lambda after: operation(after)["parameters"].append(fields)


BROKEN: list[tuple[str, Change, str]] = [
    ("route", lambda a: a["paths"].clear(), "POST /things/{id}: is gone"),
    (
        "method",
        lambda a: a["paths"]["/things/{id}"].update(put=a["paths"]["/things/{id}"].pop("post")),
        "is gone",
    ),
    ("operation id", lambda a: operation(a).update(operationId="new_thing"), "is now new_thing"),
    ("parameter", lambda a: operation(a)["parameters"].pop(), "query.fast is gone"),
    (
        "parameter asked",
        parameter(name="why", **{"in": "query"}, required=True, schema={}),
        "query.why is now req",
    ),
    (
        "parameter type",
        lambda a: operation(a)["parameters"][1].update(schema={"type": "integer"}),
        "type boolean",
    ),
    ("body asked", lambda a: operation(a)["requestBody"].update(required=True), "a body is now required"),
    ("body gone", lambda a: operation(a).pop("requestBody"), "no longer application/json"),
    ("status", lambda a: operation(a)["responses"].pop("201"), "no longer answers 201"),
    (
        "media type",
        lambda a: operation(a)["responses"].update({"201": {"content": {"text/csv": {}}}}),
        "no longer",
    ),
    ("answered field", no_field("size", "Thing"), "201.size: is gone"),
    ("answered surely", less_required("name", "Thing"), "201.name: may now be missing"),
    ("answered type", field("size", "Thing", type="string"), "201.size: type number is now string"),
    (
        "answered null",
        alternatives("Thing", "string", "null", "integer"),
        "201.note: integer is answered now",
    ),
    ("answered word", field("state", "Thing", enum=["open"]), "closed is gone"),
    ("taken field", no_field("note", "Wish"), "body.note: is gone"),
    ("field asked", more_required("size", "Wish"), "body.size: is now required"),
    ("taken type", field("size", "Wish", type="integer"), "body.size: type number is now integer"),
    ("taken null", alternatives("Wish", "string"), "body.note: null is no longer accepted"),
    ("taken word", field("state", "Wish", enum=["closed"]), "body.state: open is gone"),
    ("words only", field("name", "Wish", enum=["a"]), "now accepts only some values"),
    ("upper bound", field("name", "Wish", maxLength=10), "maxLength is now 10"),
    ("new upper bound", field("size", "Wish", maximum=9), "maximum is now 9"),
    ("lower bound", field("size", "Wish", minimum=1), "minimum is now 1"),
    ("pattern", field("name", "Wish", pattern="^a"), "pattern is now ^a"),
    ("within", field("parts", "Thing", items={"type": "string"}), "201.parts[]: type object is now string"),
]

KEPT: list[tuple[str, Change]] = [
    ("nothing", lambda a: None),
    ("words", lambda a: operation(a).update(summary="New", description="Other words.", tags=["x"])),
    ("new route", lambda a: a["paths"].update({"/new": {"get": {"responses": {}}}})),
    ("parameter", parameter(name="why", **{"in": "query"}, schema={"type": "string"})),
    ("refusal", lambda a: operation(a)["responses"].pop("409")),
    ("more answers", lambda a: operation(a)["responses"].update({"202": {}})),
    ("answered field", lambda a: schema(a, "Thing")["properties"].update(more={})),
    ("answered word", field("state", "Thing", enum=["open", "closed", "lost"])),
    ("answered surely", more_required("size", "Thing")),
    ("answered less", alternatives("Thing", "string")),
    ("answered narrower", field("size", "Thing", type="integer")),
    ("answered bound", field("name", "Thing", maxLength=5)),
    ("taken field", lambda a: schema(a, "Wish")["properties"].update(more={"type": "string"})),
    ("taken word", field("state", "Wish", enum=["open", "closed", "lost"])),
    ("asked no more", less_required("state", "Wish")),
    ("taken more", alternatives("Wish", "string", "null", "integer")),
    ("wider bound", field("name", "Wish", maxLength=30)),
    ("bound that says nothing", field("name", "Wish", minLength=0)),
    ("bound less", lambda a: schema(a, "Wish")["properties"]["size"].pop("minimum")),
    ("other fields", lambda a: schema(a, "Wish").pop("additionalProperties")),
]  # fmt: skip


def changed(change: Change) -> dict[str, Any]:
    after = copy.deepcopy(DESCRIPTION)
    change(after)
    return after


@pytest.mark.parametrize(("change", "told"), [(c, t) for _, c, t in BROKEN], ids=[n for n, _, _ in BROKEN])
def test_a_break_is_found_and_told_once(change: Change, told: str) -> None:
    found = breaks(DESCRIPTION, changed(change))
    assert len(found) == 1, found
    assert told in found[0]


@pytest.mark.parametrize("change", [c for _, c in KEPT], ids=[n for n, _ in KEPT])
def test_what_breaks_nobody_is_not_told(change: Change) -> None:
    assert breaks(DESCRIPTION, changed(change)) == []


def test_without_its_words_a_description_promises_the_same() -> None:
    worded = copy.deepcopy(DESCRIPTION)
    worded["info"] = {"title": "Things"}
    schema(worded, "Thing")["description"] = "A thing."
    schema(worded, "Thing")["properties"]["title"] = {"type": "string", "title": "Title"}
    stripped = bare(worded)
    assert "info" not in stripped
    assert "description" not in schema(stripped, "Thing")
    assert schema(stripped, "Thing")["properties"]["title"] == {"type": "string"}
    assert breaks(stripped, worded) == breaks(worded, stripped) == []

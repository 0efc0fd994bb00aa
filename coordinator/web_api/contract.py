"""Finds changes of the API description that break callers of an earlier one. Pure.

A caller of the earlier description keeps working if every operation still has its operation id, accepts
everything it accepted and answers everything it answered. So these are breaks:

    an operation, an answer, a field of an answer or a value of an enum is gone,
    a parameter, a field of a request or a body is newly required,
    a type, a limit or a pattern in a request is narrower, or a type in an answer is wider.

Callers must ignore what they do not know: new operations, optional parameters and fields, fields of answers
and values of enums break nobody. Texts (descriptions, titles, examples) are not compared.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, Final, Literal

Json = Mapping[str, Any]
Way = Literal["request", "answer"]

WORDS: Final = frozenset({"description", "title", "summary", "examples", "tags", "info"})
"""Keys without meaning for programs, unless they are names of fields."""
_NAMES: Final = frozenset({"properties", "schemas", "paths", "responses", "content"})
"""Keys with names as their own keys."""
_LOWER: Final = ("minimum", "exclusiveMinimum", "minLength", "minItems", "minProperties")
_UPPER: Final = ("maximum", "exclusiveMaximum", "maxLength", "maxItems", "maxProperties")
_METHODS: Final = frozenset({"get", "put", "post", "delete", "patch"})


def breaks(before: Json, after: Json) -> list[str]:
    """One line per break, in the order of the earlier description; empty if callers keep working."""
    return list(dict.fromkeys(_Comparison(before, after).operations()))


def bare(description: Any, *, names: bool = False) -> Any:
    """A description without its texts, for comparison. `names`: its keys are names."""
    if isinstance(description, list):
        return [bare(each) for each in description]
    if not isinstance(description, dict):
        return description
    return {
        key: bare(value, names=key in _NAMES and not names)
        for key, value in description.items()
        if names or key not in WORDS
    }


@dataclass(frozen=True, slots=True)
class _Comparison:
    before: Json
    after: Json
    seen: set[tuple[str, str, Way]] = field(default_factory=set)
    """Pairs of named schemas that were or are being compared: schemas may contain themselves."""

    def operations(self) -> Iterator[str]:
        for path, methods in self.before["paths"].items():
            for method, old in methods.items():
                if method not in _METHODS:
                    continue
                place = f"{method.upper()} {path}"
                new = self.after["paths"].get(path, {}).get(method)
                if new is None:
                    yield f"{place}: is gone"
                    continue
                if old.get("operationId") != new.get("operationId"):
                    yield f"{place}: operation id {old.get('operationId')} is now {new.get('operationId')}"
                yield from self._parameters(old, new, place)
                yield from self._body(old, new, place)
                yield from self._answers(old, new, place)

    def _parameters(self, old: Json, new: Json, place: str) -> Iterator[str]:
        were, are = _by_name(old), _by_name(new)
        for name, parameter in were.items():
            if name not in are:
                yield f"{place}: {name} is gone"
            else:
                yield from self._schema(
                    parameter["schema"], are[name]["schema"], "request", f"{place} {name}"
                )
        for name, parameter in are.items():
            if parameter.get("required") and not were.get(name, {}).get("required"):
                yield f"{place}: {name} is now required"

    def _body(self, old: Json, new: Json, place: str) -> Iterator[str]:
        was, now = old.get("requestBody"), new.get("requestBody")
        if now is not None and now.get("required") and not (was or {}).get("required"):
            yield f"{place}: a body is now required"
        if was is not None:
            yield from self._contents(was, now or {}, "request", f"{place} body")

    def _answers(self, old: Json, new: Json, place: str) -> Iterator[str]:
        for status, was in old["responses"].items():
            if not status.startswith("2"):
                continue  # refusals are not part of the promise
            now = new["responses"].get(status)
            if now is None:
                yield f"{place}: no longer answers {status}"
            else:
                yield from self._contents(was, now, "answer", f"{place} {status}")

    def _contents(self, old: Json, new: Json, way: Way, place: str) -> Iterator[str]:
        for media_type, was in old.get("content", {}).items():
            now = new.get("content", {}).get(media_type)
            if now is None:
                yield f"{place}: no longer {media_type}"
            else:
                yield from self._schema(was.get("schema", {}), now.get("schema", {}), way, place)

    def _schema(self, old: Json, new: Json, way: Way, place: str) -> Iterator[str]:
        pair = (old.get("$ref", ""), new.get("$ref", ""), way)
        if all(pair):
            if pair in self.seen:
                return
            self.seen.add(pair)
        were, are = _alternatives(self.before, old), _alternatives(self.after, new)
        if len(were) == len(are) == 1:
            yield from self._one(were[0], are[0], way, place)
            return
        needed, offered = (were, are) if way == "request" else (are, were)
        for each in needed:
            candidates = (self._fits(each, other, way) for other in offered)
            if not any(candidates):
                kind = each.get("type", "a kind")
                yield f"{place}: {kind} is {'no longer accepted' if way == 'request' else 'answered now'}"

    def _fits(self, needed: Json, offered: Json, way: Way) -> bool:
        old, new = (needed, offered) if way == "request" else (offered, needed)
        alone = _Comparison(self.before, self.after, set(self.seen))
        return not any(alone._one(old, new, way, ""))

    def _one(self, old: Json, new: Json, way: Way, place: str) -> Iterator[str]:
        narrow, wide = (new, old) if way == "request" else (old, new)
        if not _types(wide) <= _types(narrow):
            yield f"{place}: type {_type_text(old)} is now {_type_text(new)}"
            return
        gone = _values(old) - _values(new) if "enum" in new or "const" in new else set()
        if gone:
            yield f"{place}: {', '.join(sorted(gone))} is gone"
        if way == "request":
            if ("enum" in new or "const" in new) and not ("enum" in old or "const" in old):
                yield f"{place}: now accepts only some values"
            yield from _narrowed(old, new, place)
        yield from self._fields(old, new, way, place)
        for key in ("items", "additionalProperties"):
            if isinstance(old.get(key), Mapping) and isinstance(new.get(key), Mapping):
                yield from self._schema(old[key], new[key], way, f"{place}[]")

    def _fields(self, old: Json, new: Json, way: Way, place: str) -> Iterator[str]:
        were, are = old.get("properties", {}), new.get("properties", {})
        for name, was in were.items():
            if name in are:
                yield from self._schema(was, are[name], way, f"{place}.{name}")
            elif way == "answer" or new.get("additionalProperties") is False:
                yield f"{place}.{name}: is gone"
        required, now_required = set(old.get("required", ())), set(new.get("required", ()))
        if way == "request":
            for name in sorted(now_required - required):
                yield f"{place}.{name}: is now required"
        else:
            for name in sorted((required - now_required) & set(are)):
                yield f"{place}.{name}: may now be missing"


def _by_name(operation: Json) -> dict[str, Json]:
    return {f"{each['in']}.{each['name']}": each for each in operation.get("parameters", ())}


def _alternatives(document: Json, schema: Json) -> list[Json]:
    while "$ref" in schema:
        schema = document["components"]["schemas"][schema["$ref"].rpartition("/")[2]]
    if "anyOf" not in schema:
        return [schema]
    return [one for each in schema["anyOf"] for one in _alternatives(document, each)]


def _types(schema: Json) -> set[str]:
    every = {"string", "integer", "number", "boolean", "object", "array", "null"}
    named = schema.get("type")
    if named is None:
        return every
    return {"integer", "number"} if named == "number" else {named}


def _type_text(schema: Json) -> str:
    return str(schema.get("type", "anything"))


def _values(schema: Json) -> set[str]:
    return {str(each) for each in schema.get("enum", [schema["const"]] if "const" in schema else [])}


def _narrowed(old: Json, new: Json, place: str) -> Iterator[str]:
    for key in _LOWER:
        if key in new and new[key] > old.get(key, float("-inf")) and not _trivial(key, new[key]):
            yield f"{place}: {key} is now {new[key]}"
    for key in _UPPER:
        if key in new and new[key] < old.get(key, float("inf")):
            yield f"{place}: {key} is now {new[key]}"
    for key in ("pattern", "format"):
        if key in new and new[key] != old.get(key):
            yield f"{place}: {key} is now {new[key]}"
    if new.get("additionalProperties") is False and old.get("additionalProperties") is not False:
        yield f"{place}: now accepts no other fields"


def _trivial(key: str, bound: float) -> bool:
    """Whether a lower bound has no effect: every length is at least 0."""
    return key.startswith("min") and key != "minimum" and bound <= 0

"""Canonical JSON (RFC 8785): one value, one byte string, whoever writes it.

Signatures, event ids and golden files depend on it.
"""

from __future__ import annotations

import json
from typing import Any

import rfc8785

from shared.errors import Corrupt


def canonical_json(value: Any) -> bytes:
    """The RFC 8785 form of a JSON value (str, int, float, bool, None, list, dict with str keys).

    Raises `Corrupt` for what JSON cannot say (NaN, infinities, integers beyond 2**53, lone surrogates).
    """
    try:
        return rfc8785.dumps(value)
    except (rfc8785.CanonicalizationError, UnicodeEncodeError) as error:
        raise Corrupt(f"not expressible as canonical JSON: {error}") from error


def parse_json(data: bytes, *, names_once: bool = False) -> Any:
    """The value of JSON text. Raises `Corrupt` for broken UTF-8, broken JSON and too deep nesting.

    With `names_once` also where a name stands twice in one object, of which the last would count: for what
    people write. What programs write is signed or has its schema, and is read more often.
    """
    try:
        return json.loads(data, object_pairs_hook=_named_once if names_once else None)
    except (ValueError, RecursionError) as error:
        raise Corrupt(f"not JSON: {error}") from error


def _named_once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    value = dict(pairs)
    if len(value) < len(pairs):
        names = [name for name, _ in pairs]
        twice = next(name for name in value if names.count(name) > 1)
        raise ValueError(f"{twice} stands there twice")
    return value

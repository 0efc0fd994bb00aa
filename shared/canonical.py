"""Canonical JSON (RFC 8785): equal values give equal bytes.

Signatures, event ids and golden files depend on it.
"""

from __future__ import annotations

import json
from typing import Any, Final

import rfc8785

from shared.errors import Corrupt

_EXACT: Final = 2**53
_PLAIN: Final = json.JSONEncoder(
    ensure_ascii=False, check_circular=False, allow_nan=False, sort_keys=True, separators=(",", ":")
)
"""Writes objects of ASCII names with texts and integers as RFC 8785 does; that is every header of a message,
of which a coordinator reads two per alert."""


def canonical_json(value: Any) -> bytes:
    """The RFC 8785 form of a JSON value (str, int, float, bool, None, list, dict with str keys).

    Raises `Corrupt` for values outside JSON (NaN, infinities, integers beyond 2**53, lone surrogates).
    """
    try:
        return _PLAIN.encode(value).encode() if _is_plain(value) else rfc8785.dumps(value)
    except (rfc8785.CanonicalizationError, UnicodeEncodeError) as error:
        raise Corrupt(f"not expressible as canonical JSON: {error}") from error


def _is_plain(value: Any) -> bool:
    return type(value) is dict and all(
        type(name) is str
        and name.isascii()
        and (type(each) is str or (type(each) is int and -_EXACT < each < _EXACT))
        for name, each in value.items()
    )


def parse_json(data: bytes, *, names_once: bool = False) -> Any:
    """Parse JSON text. Raises `Corrupt` for invalid UTF-8, invalid JSON and too deep nesting.

    With `names_once` also when an object has a name twice, of which the last would win: use it for text
    that people write. Text from programs is signed or has a schema, and is read more often.
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
        raise ValueError(f"{twice} is given twice")
    return value

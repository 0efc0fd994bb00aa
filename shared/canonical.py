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


def parse_json(data: bytes) -> Any:
    """The value of JSON text. Raises `Corrupt` for broken UTF-8, broken JSON and too deep nesting."""
    try:
        return json.loads(data)
    except (ValueError, RecursionError) as error:
        raise Corrupt(f"not JSON: {error}") from error

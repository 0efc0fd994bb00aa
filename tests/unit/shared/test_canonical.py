"""Canonical JSON: what is written by a shorter way is the same as RFC 8785 says."""

from __future__ import annotations

from typing import Any

import pytest
import rfc8785

from shared.canonical import canonical_json
from shared.errors import Corrupt

_EVERY = "".join(map(chr, range(0x250))) + "\u2028\u2029\ud7ff\ue000\uffff\U00010000\U0001f600\U0010ffff"


@pytest.mark.parametrize(
    "value", [_EVERY, '"\\/', "", 2**53 - 1, -(2**53) + 1, 0, True, None, 1.0, 1e21, 0.1, ["x"], {"a": 1}]
)
def test_an_object_is_written_as_the_standard_says(value: Any) -> None:
    written = {"b": value, "a": "x", "A": 1, "": 0, "\x7f": 2, '"': 3}
    assert canonical_json(written) == rfc8785.dumps(written)


def test_names_are_sorted_by_their_utf_16() -> None:
    written = {"\ue000": 1, "\U0001f600": 2}
    assert canonical_json(written) == '{"\U0001f600":2,"\ue000":1}'.encode()


@pytest.mark.parametrize("value", [2**53, -(2**53), "\ud800", float("nan"), float("inf")])
def test_what_json_cannot_say_is_refused(value: object) -> None:
    with pytest.raises(Corrupt):
        canonical_json({"name": value})

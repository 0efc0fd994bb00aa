"""Whatever lies beside a message comes apart from it again, and no other bytes do."""

from __future__ import annotations

from hypothesis import given, strategies as st

from shared.bundles import MAGIC, Bundle, bundled, framed, unbundled
from shared.errors import Corrupt
from shared.evidence import MAX_PICTURES


@given(st.binary(max_size=50), st.lists(st.binary(max_size=50), min_size=1, max_size=MAX_PICTURES))
def test_a_message_and_what_lies_beside_it_come_apart_again(message: bytes, beside: list[bytes]) -> None:
    assert unbundled(bundled(message, framed(beside))) == Bundle(message, tuple(beside))


@given(st.binary(max_size=80))
def test_any_bytes_are_a_bundle_or_refused(data: bytes) -> None:
    try:
        bundle = unbundled(MAGIC + data)
    except Corrupt:
        return
    assert bundled(bundle.message, framed(bundle.beside)) in (MAGIC + data, bundle.message)

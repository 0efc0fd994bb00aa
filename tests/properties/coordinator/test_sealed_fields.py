"""A sealed field opens in its place, unchanged, or not at all."""

from __future__ import annotations

from uuid import UUID

import pytest
from hypothesis import given, strategies as st

from coordinator.ground.sealed_fields import Place, open_sealed, seal
from shared.errors import Corrupt

KEY = bytes(range(32))
HERE = Place("alerts", "body_sealed", UUID(int=7))


@given(st.binary(max_size=200))
def test_what_was_sealed_opens_in_its_place(plain: bytes) -> None:
    assert open_sealed(KEY, HERE, seal(KEY, HERE, plain)) == plain


@given(st.data())
def test_one_flipped_bit_anywhere_is_noticed(data: st.DataObject) -> None:
    sealed = bytearray(seal(KEY, HERE, b"secret"))
    bit = data.draw(st.integers(0, len(sealed) * 8 - 1))
    sealed[bit // 8] ^= 1 << bit % 8
    with pytest.raises(Corrupt):
        open_sealed(KEY, HERE, bytes(sealed))


@given(st.binary(max_size=40))
def test_anything_else_is_corrupt(junk: bytes) -> None:
    with pytest.raises(Corrupt):
        open_sealed(KEY, HERE, junk)

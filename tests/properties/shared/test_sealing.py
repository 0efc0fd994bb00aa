"""Everything sealed comes back, and nothing else does."""

from __future__ import annotations

import pytest
from hypothesis import given, settings, strategies as st

from shared.errors import Corrupt
from shared.sealing import pack, unpack
from tests.support.sealed_messages import READER, SIGNER, read, sealed


@settings(max_examples=50, deadline=None)
@given(st.binary(max_size=300))
def test_no_bytes_whatever_are_read_by_accident(noise: bytes) -> None:
    for message in (noise, b"PE1\n" + noise, sealed()[:8] + noise):
        with pytest.raises(Corrupt):
            read(message)


@settings(max_examples=10, deadline=None)
@given(
    st.dictionaries(st.text(max_size=8), st.integers(-(2**53) + 1, 2**53 - 1) | st.text(max_size=20)),
    st.binary(),
)
def test_every_header_and_body_come_back(header: dict[str, int | str], body: bytes) -> None:
    try:
        message = pack(dict(header), body, SIGNER, seal_to=READER.public_key())
    except Corrupt:
        assert any("\ud800" <= letter <= "\udfff" for key in header for letter in key + str(header[key]))
        return
    assert unpack(message).header == header
    assert read(message) == body

"""An alert's message and what travels beside it."""

from __future__ import annotations

import pytest

from shared.bundles import MAGIC, Bundle, bundled, framed, unbundled
from shared.errors import Corrupt
from shared.evidence import MAX_PICTURES
from shared.sealing import MAGIC as MESSAGE_BEGINS, MAX_MESSAGE_BYTES

MESSAGE = MESSAGE_BEGINS + b"an alert"


@pytest.mark.parametrize("beside", [None, b""])
def test_a_message_alone_goes_as_it_is(beside: bytes | None) -> None:
    assert bundled(MESSAGE, beside) == MESSAGE
    assert unbundled(MESSAGE) == Bundle(MESSAGE)


@pytest.mark.parametrize(
    "wrong",
    [
        MAGIC,
        MAGIC + framed([MESSAGE]) + b"\x00",
        MAGIC + framed([MESSAGE])[:-1],
        MAGIC + framed([MESSAGE]) + b"\x00\x00\x00\x09x",
        MAGIC + framed([MESSAGE]) + b"\xff\xff\xff\xff",
        MAGIC + framed([MESSAGE] * (MAX_PICTURES + 2)),
        MAGIC + framed([bytes(MAX_MESSAGE_BYTES)]),
    ],
)
def test_a_frame_that_does_not_fit_is_refused(wrong: bytes) -> None:
    with pytest.raises(Corrupt):
        unbundled(wrong)

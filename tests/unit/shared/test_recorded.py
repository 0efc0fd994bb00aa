"""Observations as lines: what was written is read again, and what is no observation is named by its line."""

from __future__ import annotations

import pytest

from shared.errors import Corrupt
from shared.observations import Observation
from shared.recorded import read_lines, write_line


def test_the_unknown_is_left_out_and_nothing_seen_is_not() -> None:
    line = write_line(Observation(at=1.5, level=1, faces=()))
    assert line == b'{"at":1.5,"level":1,"faces":[]}\n'


@pytest.mark.parametrize("broken", [b"", b"{}", b'{"at": "soon", "level": 1}', b"\xff\xfe", b'{"at":1'])
def test_a_line_that_is_no_observation_is_named(broken: bytes) -> None:
    good = write_line(Observation(at=1.0, level=1))
    with pytest.raises(Corrupt, match="line 2"):
        list(read_lines([good, broken]))

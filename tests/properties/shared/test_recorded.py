"""What is written is read again, whatever was seen."""

from __future__ import annotations

from dataclasses import replace

from hypothesis import given, settings, strategies as st

from shared.observations import Observation
from shared.recorded import EARLIEST_S, LATEST_S, read_lines, write_line
from tests.support.any_observation import any_observation

observations = st.builds(
    lambda observation, at, texts: replace(observation, at=at, failed=texts),
    any_observation,
    st.floats(EARLIEST_S, LATEST_S),
    st.lists(st.text(max_size=5), max_size=2).map(tuple),
)


@settings(max_examples=50, deadline=None)
@given(st.lists(observations, max_size=4))
def test_what_was_written_is_read_again(written: list[Observation]) -> None:
    lines = [write_line(observation) for observation in written]
    assert all(line.endswith(b"\n") and line.count(b"\n") == 1 for line in lines)
    assert list(read_lines(lines)) == written

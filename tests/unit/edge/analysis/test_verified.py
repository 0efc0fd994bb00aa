"""A check on request says match or mismatch of a whole frame, and neither of a damaged one."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime

import pytest

from edge.analysis.examination import Examined
from edge.analysis.verified import DAMAGED, verified_frame
from tests.support.foreign import picture
from tests.support.observations import check

NOW = datetime(2026, 11, 22, tzinfo=UTC)
EXAMINED = Examined(faces=1, quality=None, failed=(), embeddings=())


@pytest.mark.parametrize(("similarity", "match"), [(0.9, True), (0.6, False), (None, None)])
def test_a_whole_frame_is_a_match_or_a_mismatch(similarity: float | None, match: bool | None) -> None:
    said = verified_frame(picture(128), EXAMINED, check(similarity), 0.75, NOW)
    assert (said.match, said.similarity, said.failed) == (match, similarity, ())


@pytest.mark.parametrize("similarity", [0.9, 0.6])
def test_a_damaged_frame_is_neither_and_says_why(similarity: float) -> None:
    frame = replace(picture(128), damaged=True)
    said = verified_frame(frame, EXAMINED, check(similarity), 0.75, NOW)
    assert (said.match, said.similarity, said.failed) == (None, None, (DAMAGED,))

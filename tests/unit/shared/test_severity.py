"""One formula: base, confidence and time beyond the hold."""

from __future__ import annotations

import pytest

from shared.severity import severity_of, severity_word


@pytest.mark.parametrize(
    ("base", "confidence", "duration_s", "hold_s", "expected"),
    [
        (0.9, 0.64, 3.0, 0.0, 0.918),
        (0.8, 1.0, 7.2, 5.0, 0.852),
        (0.5, 0.0, 5.0, 5.0, 0.5),
        (0.5, 0.0, 35.0, 5.0, 0.562),
        (0.5, 1.0, 1e9, 5.0, 0.75),
        (0.0, 1.0, 1e9, 0.0, 0.0),
    ],
)
def test_severity_by_the_formula(
    base: float, confidence: float, duration_s: float, hold_s: float, expected: float
) -> None:
    found = severity_of(base, confidence=confidence, duration_s=duration_s, hold_s=hold_s)
    assert found == pytest.approx(expected, abs=0.0006)


@pytest.mark.parametrize(
    ("score", "word"),
    [(0.0, "none"), (0.001, "low"), (0.399, "low"), (0.4, "medium"), (0.7, "high"), (1.0, "high")],
)
def test_statistics_know_four_severities(score: float, word: str) -> None:
    assert severity_word(score) == word

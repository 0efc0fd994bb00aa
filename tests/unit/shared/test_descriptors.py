"""How many connections fit into a limit of open files."""

import pytest

from shared.web_server.descriptors import Fit, fit


@pytest.mark.parametrize(
    ("soft", "hard", "expected"),
    [
        (1_024, 524_288, Fit(limit=5_256, connections=5_000)),
        (1_048_576, 1_048_576, Fit(limit=1_048_576, connections=5_000)),
        (1_024, 4_096, Fit(limit=4_096, connections=3_840)),
        (1_024, 1_024, Fit(limit=1_024, connections=768)),
        (200, 200, Fit(limit=200, connections=-56)),
    ],
)
def test_the_limit_is_raised_as_far_as_needed_and_allowed(soft: int, hard: int, expected: Fit) -> None:
    assert fit(5_000, 256, soft, hard) == expected

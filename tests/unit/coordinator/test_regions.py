"""In which region a session's node is looked for first."""

from __future__ import annotations

import pytest

from coordinator.nodes.regions import read_prefix, region_of

PREFIXES = [
    read_prefix("10.0.0.0/8", "campus"),
    read_prefix("10.7.0.0/16", "north"),
    read_prefix("2001:db8::/32", "abroad"),
]


@pytest.mark.parametrize(
    ("asked", "address", "region"),
    [
        (None, "10.1.2.3", "campus"),
        (None, "10.7.2.3", "north"),  # the longer prefix, whatever their order
        ("south", "10.7.2.3", "south"),  # whoever names a region knows better
        (None, "10.8.0.0", "campus"),
        (None, "11.0.0.1", None),
        (None, "2001:db8::1", "abroad"),
        (None, "2001:db9::1", None),
        (None, "::ffff:10.7.2.3", "north"),  # the same address by IPv6
        (None, "testclient", None),
        (None, "", None),
        (None, None, None),  # the exam platform asked: its own address says nothing of the candidate
    ],
)
def test_the_region_of_a_session(asked: str | None, address: str | None, region: str | None) -> None:
    assert region_of([asked], address, PREFIXES) == region
    assert region_of([asked], address, PREFIXES[::-1]) == region


def test_without_a_table_only_what_is_named_counts() -> None:
    assert region_of([None, None], "10.1.2.3", []) is None
    assert region_of(["south", None], "10.1.2.3", []) == "south"


def test_the_session_s_region_counts_before_its_exam_s_and_that_before_the_address() -> None:
    assert region_of(["south", "north"], "10.1.2.3", PREFIXES) == "south"
    assert region_of([None, "north"], "10.1.2.3", PREFIXES) == "north"


@pytest.mark.parametrize("text", ["10.1.2.3/16", "10.1.2.3/40", "campus", ""])
def test_what_is_no_prefix_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match=r"does not appear|has host bits"):
        read_prefix(text, "campus")

from __future__ import annotations

from uuid import UUID

import pytest

from coordinator.ground.ids import NO_IDS, beginning, uuid7, uuid7_of


def test_the_example_of_rfc_9562_comes_out() -> None:
    bits = 0xCC3 << 62 | 0x18C4DC0C0C07398F
    assert uuid7_of(0x017F22E279B0, bits) == UUID("017f22e2-79b0-7cc3-98c4-dc0c0c07398f")


@pytest.mark.parametrize(("unix_ms", "bits"), [(-1, 0), (2**48, 0), (0, -1), (0, 2**74)])
def test_what_does_not_fit_is_refused(unix_ms: int, bits: int) -> None:
    with pytest.raises(ValueError, match="does not fit"):
        uuid7_of(unix_ms, bits)


def test_fresh_ids_differ() -> None:
    assert len({uuid7() for _ in range(1_000)}) == 1_000


def test_ids_made_one_after_the_other_sort_so() -> None:
    made = [uuid7() for _ in range(1_000)]
    # The system's clock may stand still for a step; within one step chance decides.
    steps = [one.int >> 64 for one in made]
    assert steps == sorted(steps)
    assert len(set(steps)) > 100


@pytest.mark.parametrize(
    ("text", "first", "last"),
    [
        ("0193a5f0-5a", "0193a5f0-5a00-0000-0000-000000000000", "0193a5f0-5aff-ffff-ffff-ffffffffffff"),
        ("0193a5f0-", "0193a5f0-0000-0000-0000-000000000000", "0193a5f0-ffff-ffff-ffff-ffffffffffff"),
        ("f", "f0000000-0000-0000-0000-000000000000", "ffffffff-ffff-ffff-ffff-ffffffffffff"),
    ],
)
def test_the_beginning_of_an_id_bounds_those_that_begin_so(text: str, first: str, last: str) -> None:
    assert beginning(text) == (UUID(first), UUID(last))


@pytest.mark.parametrize("text", ["", "-", "x", "0193-a5f0", "0193A5", "0" * 33])
def test_what_no_id_begins_with_bounds_none(text: str) -> None:
    assert beginning(text) is None
    assert NO_IDS[0] > NO_IDS[1]

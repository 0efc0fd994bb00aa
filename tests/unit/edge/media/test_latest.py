from __future__ import annotations

from edge.media.latest import Latest


def test_the_newest_item_wins_and_the_drop_is_counted() -> None:
    box: Latest[str] = Latest()
    box.put("old")
    box.put("new")
    assert box.take() == "new"
    assert box.take() is None
    assert (box.received, box.dropped) == (2, 1)

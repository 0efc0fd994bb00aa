import pytest

from edge.outbound.outbox_caps import Caps, Relief, Stock, next_relief
from shared.events.types import Lane

CAPS = Caps(max_alerts=10, max_bytes=1_000)


def stock(conduct: int, technical: int, pictured: int, size_bytes: int) -> Stock:
    return Stock(
        alerts={Lane.CONDUCT: conduct, Lane.TECHNICAL: technical},
        pictured=pictured,
        size_bytes=size_bytes,
    )


@pytest.mark.parametrize(
    ("held", "expected"),
    [
        (stock(0, 0, 0, 0), None),
        (stock(5, 5, 5, 1_000), None),
        (stock(5, 5, 5, 1_001), Relief.DROP_PICTURES),
        (stock(5, 5, 0, 1_001), Relief.DROP_TECHNICAL),
        (stock(5, 0, 0, 1_001), Relief.DROP_CONDUCT),
        (stock(5, 6, 5, 1_000), Relief.DROP_TECHNICAL),
        (stock(11, 0, 11, 1_000), Relief.DROP_CONDUCT),
        (stock(11, 1, 11, 2_000), Relief.DROP_PICTURES),
        (stock(0, 0, 0, 1_001), None),
    ],
)
def test_pictures_go_first_then_technical_alerts_and_conduct_last(
    held: Stock, expected: Relief | None
) -> None:
    assert next_relief(held, CAPS) is expected

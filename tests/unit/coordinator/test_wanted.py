import pytest

from coordinator.destinations.wanted import Fact, leaves
from shared.api.destinations import DestinationFilter
from shared.deliveries import DeliveryDetail, DeliveryKind
from shared.events.types import EventClass, EventType

FACES = Fact(DeliveryKind.ALERT_RAISED, EventType.MULTIPLE_FACES, EventClass.CONDUCT)
STALLED = Fact(DeliveryKind.ALERT_CLEARED, EventType.STREAM_STALLED, EventClass.TECHNICAL)
VERDICT = Fact(DeliveryKind.VERDICT_GIVEN)


@pytest.mark.parametrize(
    ("wanted", "told"),
    [
        (DestinationFilter(), (True, True, True)),
        (DestinationFilter(kinds=(DeliveryKind.ALERT_RAISED,)), (True, False, False)),
        (DestinationFilter(kinds=(DeliveryKind.VERDICT_GIVEN,)), (False, False, True)),
        (DestinationFilter(event_classes=(EventClass.CONDUCT,)), (True, False, True)),
        (DestinationFilter(event_classes=()), (False, False, True)),
        (DestinationFilter(event_types=(EventType.STREAM_STALLED,)), (False, True, True)),
        (
            DestinationFilter(event_classes=(EventClass.CONDUCT,), event_types=(EventType.STREAM_STALLED,)),
            (False, False, True),
        ),
    ],
)
def test_a_destination_is_told_what_it_wants(
    wanted: DestinationFilter, told: tuple[bool, bool, bool]
) -> None:
    assert tuple(leaves(wanted, fact) for fact in (FACES, STALLED, VERDICT)) == told


def test_no_picture_and_no_name_leaves_unless_asked_for() -> None:
    assert set(DestinationFilter().details) == {
        DeliveryDetail.EXPLANATION,
        DeliveryDetail.EVIDENCE,
        DeliveryDetail.METADATA,
    }

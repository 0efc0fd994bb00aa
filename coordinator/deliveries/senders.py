"""Chooses who sends to a destination, by its kind."""

from __future__ import annotations

from coordinator.config import DeliveriesSection
from coordinator.deliveries.kafka_posting import KafkaPoster
from coordinator.deliveries.posting import Poster
from coordinator.deliveries.sending import Sender
from shared.deliveries import DestinationKind


def sender_to(kind: DestinationKind, section: DeliveriesSection, timeout_s: float) -> Sender:
    """A sender for one of `shared.deliveries.SENT_TO`."""
    if kind is DestinationKind.KAFKA:
        return KafkaPoster(section, timeout_s)
    return Poster(loopback=section.loopback, timeout_s=timeout_s)

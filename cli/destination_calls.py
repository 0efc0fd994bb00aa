"""The part of the REST API for an institution's own systems: one method per call."""

from __future__ import annotations

from cli.calls import Calls, path_of
from shared.api.destinations import (
    CertificateRequest,
    DeadLetterOut,
    DeadLetterPage,
    DeliveryReplayOut,
    DeliveryReplayRequest,
    DeliveryTestOut,
    DestinationFilter,
    DestinationOut,
    DestinationRequest,
    SecretOut,
    SecretRequest,
    WebhookOut,
    WebhookRequest,
)


class DestinationCalls:
    """Calls about destinations and their deliveries, over a client's connection."""

    def __init__(self, calls: Calls) -> None:
        self._calls = calls

    def create_webhook(self, request: WebhookRequest) -> WebhookOut:
        return self._calls.one("POST", path_of("webhooks"), WebhookOut, body=request)

    def rotate_webhook_secret(self, destination_id: str, request: SecretRequest) -> SecretOut:
        path = path_of("webhooks", destination_id, "secret")
        return self._calls.one("POST", path, SecretOut, body=request)

    def create(self, request: DestinationRequest) -> DestinationOut:
        return self._calls.one("POST", path_of("destinations"), DestinationOut, body=request)

    def rotate_certificate(self, destination_id: str, request: CertificateRequest) -> DestinationOut:
        path = path_of("destinations", destination_id, "certificate")
        return self._calls.one("POST", path, DestinationOut, body=request)

    def destinations(self) -> list[DestinationOut]:
        return self._calls.rows(path_of("destinations"), DestinationOut)

    def destination(self, destination_id: str) -> DestinationOut:
        return self._calls.one("GET", path_of("destinations", destination_id), DestinationOut)

    def remove(self, destination_id: str) -> None:
        self._calls.send("DELETE", path_of("destinations", destination_id))

    def set_filter(self, destination_id: str, wanted: DestinationFilter) -> DestinationOut:
        path = path_of("destinations", destination_id, "filter")
        return self._calls.one("PUT", path, DestinationOut, body=wanted)

    def steer(self, destination_id: str, act: str) -> DestinationOut:
        """`pause` or `resume`."""
        return self._calls.one("POST", path_of("destinations", destination_id, act), DestinationOut)

    def test(self, destination_id: str) -> DeliveryTestOut:
        return self._calls.one("POST", path_of("destinations", destination_id, "test"), DeliveryTestOut)

    def replay(self, destination_id: str, request: DeliveryReplayRequest) -> DeliveryReplayOut:
        path = path_of("destinations", destination_id, "replay")
        return self._calls.one("POST", path, DeliveryReplayOut, body=request)

    def dead_letters(self, destination_id: str, most: int) -> list[DeadLetterOut]:
        """Deliveries that were given up, oldest first."""
        return self._calls.pages(
            path_of("destinations", destination_id, "dead-letters"), DeadLetterPage, most
        )

"""Writes deliveries to a topic of a Kafka cluster: at checked addresses, each with its session as key.

Every address of the brokers that were entered is checked before the cluster is asked anything, and every
address of the brokers that it names before anything is written. The library then resolves the names anew by
itself, which nobody can hinder: so a name that leads elsewhere a moment later is connected to. It gets
nothing without the broker's certificate. That is why `[deliveries] kafka` has to be switched on.
"""

from __future__ import annotations

import asyncio
from collections.abc import Sequence

from coordinator.config import DeliveriesSection
from coordinator.deliveries.addresses import AddressRefused, check_addresses, resolved
from coordinator.deliveries.kafka_client import KafkaClient, KafkaFailed, Record
from coordinator.deliveries.kafka_settings import outcome_of_error, settings_of
from coordinator.deliveries.outcomes import DELIVERED, Outcome, trouble
from coordinator.deliveries.sending import Sent
from shared.kafka_place import KafkaPlace, KafkaServer, place_trouble, read_place


class KafkaPoster:
    """The producer of one destination; close it."""

    def __init__(self, section: DeliveriesSection, timeout_s: float) -> None:
        self._section = section
        self._timeout_s = timeout_s
        self._opening: asyncio.Task[KafkaClient] | None = None
        self._clients: list[KafkaClient] = []

    def close(self) -> None:
        """Close the producers."""
        if self._opening is not None:
            self._opening.cancel()
        for client in self._clients:
            client.close()

    async def post(self, sent: Sent) -> Outcome:
        """Write a delivery once. Never raises for what the cluster does."""
        place = read_place(sent.url)
        if not self._section.kafka:
            return trouble("kafka-off")
        if place_trouble(place, loopback=self._section.loopback) is not None:
            return trouble("address-refused")
        record = Record(place.topic, str(sent.session_id), sent.body, {"delivery-id": str(sent.parcel_id)})
        try:
            async with asyncio.timeout(self._timeout_s):
                await self._write(place, sent.secrets[0], record)
        except AddressRefused:
            return trouble("address-refused")
        except TimeoutError:
            return trouble("timed-out")
        except OSError:
            return trouble("unreachable")
        except KafkaFailed as error:
            return outcome_of_error(error.name)
        return DELIVERED

    async def _write(self, place: KafkaPlace, access: str, record: Record) -> None:
        # All tries that wait for the same cluster share one producer, also when those before gave up.
        if self._opening is None or (self._opening.done() and self._opening.exception() is not None):
            self._opening = asyncio.create_task(self._open(place, access))
        client = await asyncio.shield(self._opening)
        try:
            await client.write(record)
        except KafkaFailed as error:
            if error.fatal:
                client.close()
                self._opening = None
            raise

    async def _open(self, place: KafkaPlace, access: str) -> KafkaClient:
        await self._check(place.servers)
        settings = settings_of(place, access, self._timeout_s)
        client = KafkaClient(settings, place.topic, self._timeout_s)
        self._clients.append(client)
        try:
            said = await client.brokers
            if isinstance(said, KafkaFailed):
                raise said
            await self._check(said)
        except BaseException:
            client.close()
            raise
        return client

    async def _check(self, servers: Sequence[KafkaServer]) -> None:
        for server in servers:
            check_addresses(await resolved(server.host, server.port), loopback=self._section.loopback)

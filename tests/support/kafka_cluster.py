"""A Kafka cluster in this process, which works well or badly as told: the mock cluster of librdkafka.

The Python library starts one but steers nothing of it: its functions are called by `ctypes` (rdkafka_mock.h).
"""

from __future__ import annotations

import asyncio
import ctypes
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

import confluent_kafka
from confluent_kafka import OFFSET_BEGINNING, Consumer, TopicPartition

from shared.kafka_place import KafkaPlace, read_server
from tests.support.eventually import cancelled

PRODUCE: Final = 0
"""The number of the request that writes."""
_PRODUCER: Final = 0
_REASON_BYTES: Final = 512
PARTITIONS: Final = 4


def _library() -> Any:
    folder = Path(confluent_kafka.__file__).parent.parent / "confluent_kafka.libs"
    [found] = folder.glob("librdkafka-*.so.1")
    library = ctypes.CDLL(str(found))
    for name in ("rd_kafka_conf_new", "rd_kafka_new", "rd_kafka_mock_cluster_new"):
        getattr(library, name).restype = ctypes.c_void_p
    library.rd_kafka_mock_cluster_bootstraps.restype = ctypes.c_char_p
    return library


@dataclass(frozen=True, slots=True)
class Written:
    """One record of a topic."""

    partition: int
    key: str
    parcel_id: str
    text: str

    @property
    def data(self) -> dict[str, Any]:
        data: dict[str, Any] = json.loads(self.text)["data"]
        return data


@dataclass
class KafkaCluster:
    """Brokers, and the records of one topic as a consumer reads them."""

    topic: str = "proctoring"
    taken: list[Written] = field(default_factory=list)
    """In the order of each partition."""

    def __post_init__(self) -> None:
        self._library = _library()
        conf = self._library.rd_kafka_conf_new()
        said = ctypes.create_string_buffer(_REASON_BYTES)
        self._library.rd_kafka_conf_set(ctypes.c_void_p(conf), b"log_level", b"0", said, _REASON_BYTES)
        self._owner = ctypes.c_void_p(
            self._library.rd_kafka_new(_PRODUCER, ctypes.c_void_p(conf), said, _REASON_BYTES)
        )
        self._cluster = ctypes.c_void_p(self._library.rd_kafka_mock_cluster_new(self._owner, 1))
        self._call("topic_create", self.topic.encode(), PARTITIONS, 1)

    @property
    def server(self) -> str:
        """`HOST:PORT` of its broker."""
        text: bytes = self._library.rd_kafka_mock_cluster_bootstraps(self._cluster)
        return text.decode()

    @property
    def place(self) -> KafkaPlace:
        return KafkaPlace((read_server(self.server),), self.topic, tls=False)

    def down(self) -> None:
        """Close the broker's connections and take none."""
        self._call("broker_set_down", 1)

    def up(self) -> None:
        """Take connections again."""
        self._call("broker_set_up", 1)

    def answers_late(self, milliseconds: int) -> None:
        """Let every answer take so long."""
        self._call("broker_set_rtt", 1, milliseconds)

    def names(self, host: str, port: int) -> None:
        """Let the cluster name this as its broker's address."""
        self._call("broker_set_host_port", 1, host.encode(), port)

    def refuses(self, *errors: int) -> None:
        """Answer the next writes with these errors, by their numbers."""
        codes = (ctypes.c_int * len(errors))(*errors)
        self._call("push_request_errors_array", ctypes.c_int16(PRODUCE), ctypes.c_size_t(len(errors)), codes)

    def close(self) -> None:
        self._library.rd_kafka_mock_cluster_destroy(self._cluster)
        self._library.rd_kafka_destroy(self._owner)

    async def read(self) -> None:
        """Read records until cancelled."""
        consumer = Consumer({"bootstrap.servers": self.server, "group.id": "office", "log_level": 0})
        consumer.assign([TopicPartition(self.topic, one, OFFSET_BEGINNING) for one in range(PARTITIONS)])
        try:
            while True:
                for record in await asyncio.to_thread(consumer.consume, 500, 0.02):
                    if record.error() is None:
                        self.taken.append(_written(record))
        finally:
            consumer.close()

    def _call(self, name: str, *arguments: Any) -> None:
        assert getattr(self._library, f"rd_kafka_mock_{name}")(self._cluster, *arguments) == 0


def _written(record: Any) -> Written:
    headers = {name: text.decode() for name, text in record.headers()}
    return Written(record.partition(), record.key().decode(), headers["delivery-id"], record.value().decode())


@asynccontextmanager
async def kafka_cluster() -> AsyncIterator[KafkaCluster]:
    """A cluster that is read until the block ends."""
    cluster = KafkaCluster()
    reading = asyncio.create_task(cluster.read())
    try:
        yield cluster
    finally:
        await cancelled(reading)
        cluster.close()

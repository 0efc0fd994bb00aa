"""One producer of the Kafka library, in a thread of its own.

The library comes with the extra `kafka` and is loaded in that thread, for the first producer.
"""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from importlib.util import find_spec
from typing import TYPE_CHECKING, Any, Final

from shared.kafka_place import KafkaServer

if TYPE_CHECKING:
    from confluent_kafka import KafkaError, Producer

_SERVED_FOR_S: Final = 0.1


class KafkaFailed(Exception):
    """An error of the library or of a broker. `fatal`: this producer can do nothing more."""

    def __init__(self, name: str, *, fatal: bool = False) -> None:
        super().__init__(name)
        self.name = name
        self.fatal = fatal


@dataclass(frozen=True, slots=True)
class Record:
    """What is written to a topic."""

    topic: str
    key: str
    value: str
    headers: Mapping[str, str]


def is_installed() -> bool:
    """Whether the library is there."""
    return find_spec("confluent_kafka") is not None


class KafkaClient:
    """A producer; close it. Its thread ends by itself then, however long the library takes."""

    def __init__(self, settings: Mapping[str, Any], topic: str, timeout_s: float) -> None:
        self._loop = asyncio.get_running_loop()
        self._settings, self._topic, self._timeout_s = dict(settings), topic, timeout_s
        self._producer: Producer | None = None
        self._closed = threading.Event()
        self.brokers: asyncio.Future[tuple[KafkaServer, ...] | KafkaFailed] = self._loop.create_future()
        """The brokers that the cluster names, or why it names none."""
        threading.Thread(target=self._serve, name="kafka", daemon=True).start()

    def close(self) -> None:
        """Send nothing more."""
        self._closed.set()

    async def write(self, record: Record) -> None:
        """Write a record and wait until the brokers have it. Raises `KafkaFailed`."""
        from confluent_kafka import KafkaException

        assert self._producer is not None  # its brokers were asked for
        reported: asyncio.Future[KafkaError | None] = self._loop.create_future()
        try:
            self._producer.produce(
                record.topic,
                key=record.key.encode(),
                value=record.value.encode(),
                headers=[(name, text.encode()) for name, text in record.headers.items()],
                on_delivery=lambda error, message: self._tell(reported, error),
            )
        except BufferError as error:
            raise KafkaFailed("_QUEUE_FULL") from error
        except KafkaException as error:
            raise failure_of(error.args[0]) from error
        if (failure := await reported) is not None:
            raise failure_of(failure)

    def _serve(self) -> None:
        from confluent_kafka import KafkaException, Producer

        try:
            producer = self._producer = Producer(self._settings)
            named = producer.list_topics(self._topic, timeout=self._timeout_s)
        except KafkaException as error:
            self._producer = None
            self._tell(self.brokers, failure_of(error.args[0]))
            return
        topic = named.topics[self._topic]
        brokers = tuple(KafkaServer(one.host, one.port) for one in named.brokers.values())
        self._tell(self.brokers, brokers if topic.error is None else failure_of(topic.error))
        while not self._closed.is_set():
            producer.poll(_SERVED_FOR_S)
        producer.purge()
        producer.poll(0)
        self._producer = None

    def _tell(self, future: asyncio.Future[Any], said: object) -> None:
        with suppress(RuntimeError):  # the loop has ended, and nobody waits
            self._loop.call_soon_threadsafe(_settle, future, said)


def failure_of(error: KafkaError) -> KafkaFailed:
    """An error of the library as a value of ours."""
    return KafkaFailed(error.name(), fatal=error.fatal())


def _settle(future: asyncio.Future[Any], said: object) -> None:
    if not future.done():
        future.set_result(said)

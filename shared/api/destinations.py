"""Bodies of the REST API for destinations: an institution's own systems, to which alerts and verdicts go."""

from __future__ import annotations

from enum import StrEnum
from typing import Annotated, Final, Self
from uuid import UUID

from pydantic import AfterValidator, Field, model_validator

from shared.api.bodies import Request, Response
from shared.deliveries import USUAL_DETAILS, DeliveryDetail, DeliveryKind, DestinationKind
from shared.destination_url import check_url
from shared.events.types import EventClass, EventType
from shared.fields import Count, Name, Utc
from shared.kafka_place import MOST_SERVERS, TOPIC, KafkaPlace, read_server, servers_of

MAX_URL_CHARS: Final = 500
MAX_OVERLAP_HOURS: Final = 168
MAX_PEM_CHARS: Final = 16_384
MAX_WORD_CHARS: Final = 500

HookUrl = Annotated[
    str, Field(min_length=1, max_length=MAX_URL_CHARS, pattern=r"^https?://"), AfterValidator(check_url)
]


class DestinationFilter(Request):
    """What may leave to a destination."""

    kinds: Annotated[tuple[DeliveryKind, ...], Field(min_length=1, max_length=20)] = tuple(DeliveryKind)
    event_classes: Annotated[tuple[EventClass, ...], Field(max_length=20)] | None = None
    """Only alerts of these classes; null: of every class."""
    event_types: Annotated[tuple[EventType, ...], Field(max_length=200)] | None = None
    """Only alerts of these kinds; null: of every kind."""
    details: Annotated[tuple[DeliveryDetail, ...], Field(max_length=20)] = USUAL_DETAILS
    """By default no pictures and no names."""


class WebhookRequest(Request):
    name: Name
    """A name for people."""
    url: HookUrl
    """`https://…`, without credentials; it must lead to a public address. Redirects are not followed."""
    filter: DestinationFilter = DestinationFilter()


def _checked_server(text: str) -> str:
    return str(read_server(text))


KafkaServerText = Annotated[str, Field(min_length=3, max_length=300), AfterValidator(_checked_server)]
Pem = Annotated[str, Field(min_length=1, max_length=MAX_PEM_CHARS)]
Word = Annotated[str, Field(min_length=1, max_length=MAX_WORD_CHARS)]


class KafkaMechanism(StrEnum):
    """How the coordinator proves to a Kafka cluster who it is."""

    SCRAM_SHA_512 = "SCRAM-SHA-512"
    SCRAM_SHA_256 = "SCRAM-SHA-256"
    PLAIN = "PLAIN"


class KafkaLogin(Request):
    """The coordinator's user at a Kafka cluster. It is kept sealed and never shown."""

    mechanism: KafkaMechanism = KafkaMechanism.SCRAM_SHA_512
    username: Word
    password: Word


class KafkaRequest(Request):
    """A topic of a Kafka cluster. Records have the session as key, so those of a session keep their order."""

    servers: Annotated[tuple[KafkaServerText, ...], Field(min_length=1, max_length=MOST_SERVERS)]
    """`HOST:PORT` of some of the cluster's brokers. They, and those that they name, must have public
    addresses."""
    topic: Annotated[str, Field(pattern=TOPIC)]
    tls: bool = True
    """False only for a broker on this machine, where the installation allows it."""
    ca: Pem | None = None
    """Certificate of the CA of the brokers' certificates, PEM; null: those that the coordinator trusts."""
    login: KafkaLogin | None = None

    @property
    def place(self) -> KafkaPlace:
        """Where it is."""
        return KafkaPlace(servers_of(self.servers), self.topic, self.tls)

    @model_validator(mode="after")
    def _short_enough(self) -> Self:
        if len(str(self.place)) > MAX_URL_CHARS:
            raise ValueError(f"servers and topic are longer than {MAX_URL_CHARS} characters")
        return self


class GrpcRequest(Request):
    """A program of the institution that calls the coordinator and follows what is told."""

    certificate: Pem
    """The certificate by which that program identifies itself, PEM; it may be signed by itself. The private
    key stays with the program."""


class DestinationRequest(Request):
    """A destination that is no webhook: a Kafka topic or a program that follows, one of them."""

    name: Name
    """A name for people."""
    kafka: KafkaRequest | None = None
    grpc: GrpcRequest | None = None
    filter: DestinationFilter = DestinationFilter()

    @model_validator(mode="after")
    def _one_kind(self) -> Self:
        if (self.kafka is None) is (self.grpc is None):
            raise ValueError("give either kafka or grpc")
        return self


class CertificateRequest(Request):
    certificate: Pem
    """The new certificate, PEM."""
    overlap_hours: Annotated[Count, Field(ge=0, le=MAX_OVERLAP_HOURS)] = 24
    """How long the former certificate is accepted as well."""


class DestinationOut(Response):
    """A destination and how it is doing."""

    destination_id: str
    kind: DestinationKind
    name: str
    url: str
    """Where it is told: a URL, `kafka+tls://SERVERS/TOPIC`, or nothing for a program that follows."""
    filter: DestinationFilter
    created_at: Utc
    created_by: str
    paused_at: Utc | None
    """Nothing is sent from then on; what is to be told waits."""
    paused_by: str | None
    failures: int
    """Failed tries since the last success."""
    last_error: str | None
    """Why the last try failed; null after a success."""
    next_try_at: Utc | None
    """Until then nothing is sent, because it failed too often or asked for it; null: no such wait."""
    waiting: int
    oldest_waiting_at: Utc | None
    dead_letters: int
    former_secret_until: Utc | None
    """Until then the former secret signs as well, or the former certificate is accepted."""


class WebhookOut(Response):
    destination: DestinationOut
    secret: str
    """`whsec_…`, for the receiver's library of Standard Webhooks. Shown once."""


class SecretRequest(Request):
    overlap_hours: Annotated[Count, Field(ge=0, le=MAX_OVERLAP_HOURS)] = 24
    """How long the former secret signs beside the new one."""


class SecretOut(Response):
    secret: str
    """Shown once."""
    former_secret_until: Utc


class DeliveryTestOut(Response):
    """The answer to a test message."""

    delivered: bool
    error: str | None
    """Why it was not delivered, such as `status-500` or `timed-out`."""
    took_ms: float


class DeliveryReplayRequest(Request):
    """What to send again: everything since an instant, some dead letters, or, with neither, all of them."""

    since: Utc | None = None
    """Everything noted from then on, delivered or dead."""
    delivery_ids: Annotated[tuple[UUID, ...], Field(min_length=1, max_length=200)] | None = None
    """These dead letters."""

    @model_validator(mode="after")
    def _one_way(self) -> Self:
        if self.since is not None and self.delivery_ids is not None:
            raise ValueError("give since or delivery_ids, not both")
        return self


class DeliveryReplayOut(Response):
    count: int
    """How many deliveries are sent again."""


class DeadLetterOut(Response):
    """A delivery that was given up. Nothing of its content is kept here; it is read anew when it is sent."""

    delivery_id: str
    """Its `webhook-id`: the same at every try."""
    kind: DeliveryKind
    exam_session_id: str
    subject_id: str
    """The alert's event_id, or the verdict's id in the incident's history."""
    event_type: EventType | None
    attempts: int
    reason: str | None
    noted_at: Utc
    dead_at: Utc


class DeadLetterPage(Response):
    items: list[DeadLetterOut]
    next_cursor: str | None

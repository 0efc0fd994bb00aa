"""A program of an institution that follows over gRPC, with other people's implementation of gRPC."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import grpc
import grpc.aio
from sqlmodel import Session

from coordinator.config import GrpcSection
from coordinator.destinations import certificates_service as certificates, service as destinations
from coordinator.destinations.certificates import read_pinned
from coordinator.destinations.tables import Destination
from coordinator.following.calls import ACKNOWLEDGE, FOLLOW
from coordinator.following.deliveries_pb2 import (
    AcknowledgeRequest,
    AcknowledgeResponse,
    Delivery,
    FollowRequest,
)
from coordinator.following.serving import Serving
from coordinator.web_api.parts import Parts
from shared.api.destinations import DestinationFilter, DestinationRequest, GrpcRequest
from shared.tokens import Claims
from shared.web_server.tls_section import TlsSection
from tests.support.eventually import cancelled
from tests.support.own_certificates import OwnCertificate, own_certificate
from tests.support.ports import reserved_port
from tests.support.told import ADMIN


@dataclass
class Desk:
    """A connection of the program."""

    channel: Any

    def follow(self, after: str = "") -> Any:
        """A call that follows: an iterator of deliveries."""
        method = self.channel.unary_stream(
            FOLLOW,
            request_serializer=FollowRequest.SerializeToString,
            response_deserializer=Delivery.FromString,
        )
        return method(FollowRequest(after=after))

    async def some(self, count: int, after: str = "") -> list[Delivery]:
        """So many deliveries; then the call is ended."""
        call = self.follow(after)
        found = [await call.read() for _ in range(count)]
        call.cancel()
        return found

    async def acknowledge(self, cursor: str) -> int:
        method = self.channel.unary_unary(
            ACKNOWLEDGE,
            request_serializer=AcknowledgeRequest.SerializeToString,
            response_deserializer=AcknowledgeResponse.FromString,
        )
        return int((await method(AcknowledgeRequest(cursor=cursor))).count)


@dataclass
class Office:
    """A coordinator that serves gRPC."""

    parts: Parts
    port: int
    folder: Path
    own: OwnCertificate
    serving: Serving
    counts: Counter[str]

    async def destination(
        self, certificate: OwnCertificate, who: Claims = ADMIN, **wanted: Any
    ) -> Destination:
        """A new destination of the program with this certificate, which is known at once."""
        request = DestinationRequest(
            name="desk",
            grpc=GrpcRequest(certificate=certificate.certificate),
            filter=DestinationFilter(**wanted),
        )

        def work(db: Session) -> Destination:
            now = datetime.now(UTC)
            row = destinations.make(db, who, request, now)
            certificates.keep(db, row, read_pinned(certificate.certificate, now), now)
            return row

        made = await self.parts.writing(work)
        await self.serving.refresh()
        return made

    @asynccontextmanager
    async def desk(self, certificate: OwnCertificate | None) -> AsyncIterator[Desk]:
        """A connection with this certificate."""
        async with desk_at(self.port, self.own, certificate) as desk:
            yield desk


@asynccontextmanager
async def desk_at(
    port: int, server: OwnCertificate, certificate: OwnCertificate | None
) -> AsyncIterator[Desk]:
    """A connection to a server with this certificate, with one of its own."""
    mine: tuple[bytes | None, bytes | None] = (None, None)
    if certificate is not None:
        mine = (certificate.key.encode(), certificate.certificate.encode())
    credentials = grpc.ssl_channel_credentials(server.certificate.encode(), *mine)
    options = [
        ("grpc.use_local_subchannel_pool", 1),
        ("grpc.http2.bdp_probe", 0),  # the window stays small, so that what is not read is held back
        ("grpc.http2.lookahead_bytes", 16_384),
    ]
    async with grpc.aio.secure_channel(f"localhost:{port}", credentials, options) as channel:
        yield Desk(channel)


@asynccontextmanager
async def office(parts: Parts, folder: Path) -> AsyncIterator[Office]:
    """A coordinator's port, until the block ends."""
    own, counts = own_certificate("coordinator"), Counter[str]()
    certificate_file, key_file = own.in_files(folder)
    port = reserved_port()
    tls = TlsSection(certificate_file=certificate_file, key_file=key_file)
    serving = Serving(parts, GrpcSection(port=port, tls=tls), counts)
    task = asyncio.create_task(serving.run())
    try:
        yield Office(parts, port, folder, own, serving, counts)
    finally:
        await cancelled(task)

"""Destinations that are no webhooks, over REST: Kafka topics, and programs that follow over gRPC."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Path
from sqlmodel import Session

from coordinator.deliveries.kafka_client import is_installed
from coordinator.deliveries.kafka_settings import access_text
from coordinator.destinations import (
    certificates_service as certificates,
    secrets_service as secrets,
    service as destinations,
)
from coordinator.destinations.answers import destination_out
from coordinator.destinations.certificates import Pinned, read_pinned
from coordinator.idempotency.asked import AskedOnce
from coordinator.idempotency.doing import once
from coordinator.web_api.openapi import problems
from coordinator.web_api.parts import Now, Parts, PartsDep
from coordinator.web_api.security import Admin
from shared.api.destinations import CertificateRequest, DestinationOut, DestinationRequest, KafkaRequest
from shared.deliveries import DestinationKind
from shared.errors import Rejected
from shared.kafka_place import place_trouble

router = APIRouter(tags=["destinations"])

DestinationId = Annotated[UUID, Path(description="The destination's id.")]


@router.post("/destinations", status_code=201, responses=problems(401, 403, 409))
async def create_destination(
    body: DestinationRequest, claims: Admin, asked: AskedOnce, parts: PartsDep, now: Now
) -> DestinationOut:
    """Tell alerts and verdicts to a Kafka topic, or to a program that follows over gRPC.

    What happens from now on is told. `POST /webhooks` makes webhooks.
    """
    pinned = None
    if body.grpc is not None:
        pinned = _pinned(parts, body.grpc.certificate, "body.grpc.certificate", now)
    if body.kafka is not None:
        _check_kafka(parts, body.kafka)

    def work(db: Session) -> DestinationOut:
        row = destinations.make(db, claims, body, now)
        if pinned is not None:
            certificates.keep(db, row, pinned, now)
        if body.kafka is not None:
            secrets.keep(db, parts.keys.keyring, row, access_text(body.kafka), now)
        return destination_out(destinations.looked_at(db, row, now), now)

    return await once(parts, asked, DestinationOut, work)


@router.post(
    "/destinations/{destination_id}/certificate", status_code=201, responses=problems(401, 403, 404, 409)
)
async def accept_certificate(
    destination_id: DestinationId,
    body: CertificateRequest,
    claims: Admin,
    asked: AskedOnce,
    parts: PartsDep,
    now: Now,
) -> DestinationOut:
    """Accept a new certificate of a program that follows. For a while the present one is accepted as well;
    one before it ends at once."""

    def work(db: Session) -> DestinationOut:
        row = destinations.find(db, claims.tenant_id, destination_id, to_change=True)
        destinations.check_kind(row, DestinationKind.GRPC)
        pinned = _pinned(parts, body.certificate, "body.certificate", now)
        certificates.rotate(db, row, pinned, timedelta(hours=body.overlap_hours), now)
        return destination_out(destinations.looked_at(db, row, now), now)

    return await once(parts, asked, DestinationOut, work)


def _check_kafka(parts: Parts, asked: KafkaRequest) -> None:
    section = parts.config.deliveries
    if not section.kafka or not is_installed():
        raise Rejected("this installation does not write to Kafka", code="kafka-off", status=409)
    if (trouble := place_trouble(asked.place, loopback=section.loopback)) is not None:
        raise _unusable("body.kafka.servers", trouble)


def _pinned(parts: Parts, pem: str, path: str, now: datetime) -> Pinned:
    if parts.config.deliveries.grpc is None:
        raise Rejected("this installation does not serve gRPC", code="grpc-off", status=409)
    try:
        return read_pinned(pem, now)
    except ValueError as error:
        raise _unusable(path, str(error)) from error


def _unusable(path: str, trouble: str) -> Rejected:
    return Rejected(
        f"{path} {trouble}",
        code="invalid-request",
        status=422,
        errors=[{"path": path, "message": trouble}],
    )

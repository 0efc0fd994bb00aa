"""Destinations over REST, for an institution's administrators: webhooks, and what holds for every kind."""

from __future__ import annotations

import time
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Path, Query, Response
from sqlmodel import Session

from coordinator.deliveries import service as deliveries
from coordinator.deliveries.answers import letter_out
from coordinator.deliveries.parcels import TEST, body_of
from coordinator.deliveries.schedule import Pace
from coordinator.deliveries.senders import sender_to
from coordinator.deliveries.sending import Sent
from coordinator.deliveries.service import LetterQuery
from coordinator.destinations import secrets_service as secrets, service as destinations
from coordinator.destinations.answers import destination_out
from coordinator.destinations.tables import Destination
from coordinator.ground.ids import uuid7
from coordinator.idempotency.asked import AskedOnce
from coordinator.idempotency.doing import once
from coordinator.web_api.cursors import PageParams, write_cursor
from coordinator.web_api.openapi import problems
from coordinator.web_api.parts import Now, Parts, PartsDep
from coordinator.web_api.rates import check_rate
from coordinator.web_api.security import Admin
from shared.api.destinations import (
    DeadLetterPage,
    DeliveryReplayOut,
    DeliveryReplayRequest,
    DeliveryTestOut,
    DestinationFilter,
    DestinationOut,
    SecretOut,
    SecretRequest,
    WebhookOut,
    WebhookRequest,
)
from shared.deliveries import SENT_TO, DestinationKind
from shared.destination_url import url_trouble
from shared.errors import Rejected
from shared.tokens import Claims

router = APIRouter(tags=["destinations"])

DestinationId = Annotated[UUID, Path(description="The destination's id.")]
_REFUSALS = problems(401, 403, 404)


@router.post("/webhooks", status_code=201, responses=problems(401, 403, 409))
async def create_webhook(
    body: WebhookRequest, claims: Admin, asked: AskedOnce, parts: PartsDep, now: Now
) -> WebhookOut:
    """Tell alerts and verdicts to a system of the institution, by signed POST requests (Standard Webhooks).

    What happens from now on is told. The secret is shown only here.
    """
    _check_url(parts, body.url)

    def work(db: Session) -> WebhookOut:
        row = destinations.make(db, claims, body, now)
        text = secrets.make(db, parts.keys.keyring, row, now)
        return WebhookOut(destination=_shown(db, row, now), secret=text)

    return await once(parts, asked, WebhookOut, work)


@router.post("/webhooks/{destination_id}/secret", status_code=201, responses=problems(401, 403, 404, 409))
async def rotate_webhook_secret(
    destination_id: DestinationId,
    body: SecretRequest,
    claims: Admin,
    asked: AskedOnce,
    parts: PartsDep,
    now: Now,
) -> SecretOut:
    """Make a new secret. For a while the present one signs as well; one before it ends at once."""

    def work(db: Session) -> SecretOut:
        row = destinations.find(db, claims.tenant_id, destination_id, to_change=True)
        destinations.check_kind(row, DestinationKind.WEBHOOK)
        made = secrets.rotate(db, parts.keys.keyring, row, timedelta(hours=body.overlap_hours), now)
        return SecretOut(secret=made.text, former_secret_until=made.former_until_utc)

    return await once(parts, asked, SecretOut, work)


@router.get("/destinations", responses=problems(401, 403))
async def list_destinations(claims: Admin, parts: PartsDep, now: Now) -> list[DestinationOut]:
    """The institution's destinations, oldest first, with what waits for each."""
    found = await parts.reading(lambda db: destinations.listing(db, claims.tenant_id, now))
    return [destination_out(one, now) for one in found]


@router.get("/destinations/{destination_id}", responses=_REFUSALS)
async def get_destination(
    destination_id: DestinationId, claims: Admin, parts: PartsDep, now: Now
) -> DestinationOut:
    """One destination, and what waits for it."""
    return await parts.reading(
        lambda db: _shown(db, destinations.find(db, claims.tenant_id, destination_id), now)
    )


@router.delete("/destinations/{destination_id}", status_code=204, responses=_REFUSALS)
async def remove_destination(
    destination_id: DestinationId, claims: Admin, parts: PartsDep, now: Now
) -> Response:
    """Remove a destination. What waits for it is not sent any more."""
    await _change(parts, claims, destination_id, now, lambda db, row: destinations.remove(db, row, now))
    return Response(status_code=204)


@router.put("/destinations/{destination_id}/filter", responses=_REFUSALS)
async def put_destination_filter(
    destination_id: DestinationId, body: DestinationFilter, claims: Admin, parts: PartsDep, now: Now
) -> DestinationOut:
    """Set what may leave to a destination; it applies to what is sent from now on."""
    return await _change(
        parts, claims, destination_id, now, lambda db, row: destinations.set_filter(db, row, body)
    )


@router.post("/destinations/{destination_id}/pause", responses=_REFUSALS)
async def pause_destination(
    destination_id: DestinationId, claims: Admin, parts: PartsDep, now: Now
) -> DestinationOut:
    """Send nothing to a destination for now. What is to be told waits, at most 30 days."""
    return await _change(
        parts, claims, destination_id, now, lambda db, row: destinations.pause(db, row, claims.subject, now)
    )


@router.post("/destinations/{destination_id}/resume", responses=_REFUSALS)
async def resume_destination(
    destination_id: DestinationId, claims: Admin, parts: PartsDep, now: Now
) -> DestinationOut:
    """Send again, at once. Also ends the wait after failures."""
    return await _change(
        parts, claims, destination_id, now, lambda db, row: destinations.resume(db, row, now)
    )


@router.post("/destinations/{destination_id}/test", responses=_REFUSALS)
async def test_destination(
    destination_id: DestinationId, claims: Admin, parts: PartsDep, now: Now
) -> DeliveryTestOut:
    """Send one message of the type `test` now, without any data, and say what came of it.

    To a program that follows nothing is sent: it says whether one follows now (`not-followed`).
    """
    check_rate(parts.rates.report, claims.bearer, parts.clock())

    def read(db: Session) -> tuple[DestinationKind, bool, Sent]:
        row, test_id = destinations.find(db, claims.tenant_id, destination_id), uuid7()
        signing = secrets.signing(db, parts.keys.keyring, row.id, now)
        sent = Sent(row.url, test_id, test_id, body_of(TEST, now, {}), signing)
        return row.kind, destinations.is_held(row, now), sent

    kind, held, sent = await parts.reading(read)
    begun = time.monotonic()
    if kind in SENT_TO:
        error = await _tried(parts, kind, sent)
    else:
        error = None if held else "not-followed"
    took_ms = round(1000 * (time.monotonic() - begun), 1)
    return DeliveryTestOut(delivered=error is None, error=error, took_ms=took_ms)


@router.post("/destinations/{destination_id}/replay", responses=_REFUSALS)
async def replay_deliveries(
    destination_id: DestinationId, body: DeliveryReplayRequest, claims: Admin, parts: PartsDep, now: Now
) -> DeliveryReplayOut:
    """Send again: everything noted since an instant, some dead letters, or all dead letters.

    Each keeps its `webhook-id`, by which receivers know what they already have. At most the last 30 days can
    be sent again, and nothing whose data was erased.
    """

    def work(db: Session) -> DeliveryReplayOut:
        row = destinations.find(db, claims.tenant_id, destination_id, to_change=True)
        if body.since is not None:
            return DeliveryReplayOut(count=deliveries.replay_since(db, row.id, body.since, now))
        return DeliveryReplayOut(count=deliveries.replay_dead(db, row.id, body.delivery_ids, now))

    return await parts.writing(work)


@router.get("/destinations/{destination_id}/dead-letters", responses=_REFUSALS)
async def list_dead_letters(
    destination_id: DestinationId, page: Annotated[PageParams, Query()], claims: Admin, parts: PartsDep
) -> DeadLetterPage:
    """Deliveries that were given up, oldest first."""

    def work(db: Session) -> DeadLetterPage:
        row = destinations.find(db, claims.tenant_id, destination_id)
        found, following = deliveries.dead_letters(db, LetterQuery(row.id, page.after, page.limit))
        return DeadLetterPage(items=[letter_out(one) for one in found], next_cursor=write_cursor(following))

    return await parts.reading(work)


async def _change(
    parts: Parts,
    claims: Claims,
    destination_id: UUID,
    now: datetime,
    act: Callable[[Session, Destination], None],
) -> DestinationOut:
    def work(db: Session) -> DestinationOut:
        row = destinations.find(db, claims.tenant_id, destination_id, to_change=True)
        act(db, row)
        return _shown(db, row, now)

    return await parts.writing(work)


def _shown(db: Session, row: Destination, now: datetime) -> DestinationOut:
    return destination_out(destinations.looked_at(db, row, now), now)


async def _tried(parts: Parts, kind: DestinationKind, sent: Sent) -> str | None:
    """Why a message was not delivered."""
    sender = sender_to(kind, parts.config.deliveries, Pace().answer_within_s)
    try:
        return (await sender.post(sent)).reason
    finally:
        sender.close()


def _check_url(parts: Parts, url: str) -> None:
    if (trouble := url_trouble(url, loopback=parts.config.deliveries.loopback)) is not None:
        raise Rejected(
            f"body.url {trouble}",
            code="invalid-request",
            status=422,
            errors=[{"path": "body.url", "message": trouble}],
        )

"""WS /wall: one socket for the cards of all sessions that a proctor's wall shows.

The page sends `{"show": [exam_session_id, …]}` whenever its list changes. A long list is continued in further
messages with `"more": true`. The page receives the cards that have changed, in batches: `{"type": "cards",
"items": […]}`. The token is sent as for other live sockets; there are no tickets.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any, Final
from uuid import UUID

from fastapi import APIRouter, WebSocket
from sqlmodel import Session

from coordinator.live.routes import PROTOCOL, check_origin, claims_of, protocols_of
from coordinator.live.socket import Term
from coordinator.live.wall_socket import serve
from coordinator.live.walls import Wall
from coordinator.sessions.presence import service as presence
from coordinator.sessions.presence.answers import card_message, card_of
from coordinator.web_api.errors import problem_of
from coordinator.web_api.parts import Now, Parts, PartsDep
from coordinator.web_api.security import charge, check_session_runs, check_still_good, name_bearer
from shared.errors import ProctorError, Rejected
from shared.tokens import Claims, Role

router = APIRouter()

LONGEST_S: Final = 24 * 3600.0
READ_AT_ONCE: Final = 200
_MAY_WATCH: Final = frozenset({Role.ADMIN, Role.PROCTOR, Role.SYSTEM})


@router.websocket("/wall")
async def watch_all(websocket: WebSocket, parts: PartsDep, now: Now) -> None:
    """Send the cards of the sessions that a page shows, for staff."""
    try:
        claims = await _admit(websocket, parts, now)
        wall = Wall(claims.bearer)
        parts.rooms.walls.hang(wall)
    except ProctorError as error:
        await websocket.send_denial_response(problem_of(error))
        return
    try:
        await websocket.accept(subprotocol=PROTOCOL if PROTOCOL in protocols_of(websocket) else None)
        lifetime_s = LONGEST_S if claims.expires_utc is None else (claims.expires_utc - now).total_seconds()
        term = Term(lifetime_s, lambda: check_still_good(parts, claims))
        await serve(websocket, wall, lambda asked: _cards(parts, claims.tenant_id, asked), term)
    finally:
        parts.rooms.walls.take_down(wall)


async def _admit(websocket: WebSocket, parts: Parts, now: datetime) -> Claims:
    check_origin(websocket, parts)
    claims = await claims_of(websocket, parts)
    charge(parts, claims)
    await check_session_runs(parts, claims, now)
    name_bearer(claims)
    if claims.role not in _MAY_WATCH:
        raise Rejected(f"the role {claims.role} may not open a wall", code="role-forbidden", status=403)
    return claims


async def _cards(parts: Parts, tenant_id: UUID, asked: Sequence[str]) -> dict[UUID, dict[str, Any]]:
    """The message for each of these sessions that exists in the institution."""

    def work(db: Session) -> list[presence.Stored]:
        begins = range(0, len(asked), READ_AT_ONCE)
        parts_of_it = (presence.stored(db, tenant_id, asked[n : n + READ_AT_ONCE]) for n in begins)
        return [one for some in parts_of_it for one in some]

    found, now_utc = await parts.reading(work) if asked else [], datetime.now(UTC)
    return {
        one.session.id: card_message(
            one.session.reference, card_of(parts.fleet, one.session, one.node_id, one.opened_utc, now_utc)
        )
        for one in found
    }

"""WS /ws/{session_id}: checks who may open a live socket, then runs `socket.serve`.

A browser cannot set headers on a socket, and a token in a URL ends up in logs. So the token is sent as the
subprotocol `bearer.<token>` beside `proctor.v1`, or a single-use ticket as `?ticket=`. Programs may send an
Authorization header. Refusals are problem documents with their status, sent before the socket opens.
"""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from fastapi import APIRouter, WebSocket
from pydantic import TypeAdapter, ValidationError

from coordinator.live import tickets_service as tickets
from coordinator.live.messages import heartbeat
from coordinator.live.rooms import Listener
from coordinator.live.socket import Term, serve
from coordinator.live.tickets import Ticket
from coordinator.nodes.fleet import NodeState
from coordinator.sessions import service as sessions
from coordinator.sessions.service import Found
from coordinator.web_api.errors import problem_of
from coordinator.web_api.headers import allowed_origin
from coordinator.web_api.parts import Now, Parts, PartsDep
from coordinator.web_api.rates import check_rate
from coordinator.web_api.security import (
    bearer_of,
    charge,
    check_own_session,
    check_session_runs,
    check_still_good,
    name_bearer,
    verify_token,
)
from shared.errors import ProctorError, Rejected
from shared.fields import Reference
from shared.messages.heartbeats import SessionState
from shared.tokens import Claims, Role

router = APIRouter()

PROTOCOL: Final = "proctor.v1"
_BEARER: Final = "bearer."
_MAY_LISTEN: Final = frozenset({Role.ADMIN, Role.PROCTOR, Role.SYSTEM, Role.CANDIDATE})
_REFERENCE: Final[TypeAdapter[str]] = TypeAdapter(Reference)


@dataclass(frozen=True, slots=True)
class Admitted:
    """An admitted socket."""

    found: Found
    listener: Listener
    claims: Claims
    until_utc: datetime
    """When its token or the session expires."""


@router.websocket("/ws/{session_id}")
async def watch(websocket: WebSocket, session_id: str, parts: PartsDep, now: Now) -> None:
    """A session's alerts in real time and a heartbeat every 10 s; their content depends on the role."""
    try:
        admitted = await _admit(websocket, parts, session_id, now)
        await _enter(parts, admitted, now)
    except ProctorError as error:
        await websocket.send_denial_response(problem_of(error))
        return
    try:
        await websocket.accept(subprotocol=PROTOCOL if PROTOCOL in protocols_of(websocket) else None)
        term = Term(
            (admitted.until_utc - now).total_seconds(), lambda: check_still_good(parts, admitted.claims)
        )
        await serve(websocket, parts.rooms, admitted.listener, _Beats(parts, admitted), term)
    finally:
        parts.rooms.leave(admitted.listener)


async def _admit(websocket: WebSocket, parts: Parts, reference: str, now: datetime) -> Admitted:
    check_origin(websocket, parts)
    claims = await _claims(websocket, parts, reference, now)
    charge(parts, claims)
    if claims.role is Role.CANDIDATE:
        check_rate(parts.rates.socket, claims.bearer, parts.clock())
    await check_session_runs(parts, claims, now)
    name_bearer(claims)
    if claims.role not in _MAY_LISTEN:
        raise Rejected(
            f"the role {claims.role} may not open a live socket", code="role-forbidden", status=403
        )
    found = await parts.reading(lambda db: sessions.find(db, claims.tenant_id, _checked(reference)))
    check_own_session(claims, found.session.id, found.candidate.reference)
    sessions.check_running(found.session, now)
    session = found.session
    for_staff = claims.role is not Role.CANDIDATE
    listener = Listener(session.id, session.reference, claims.bearer, for_staff, claims.device)
    return Admitted(found, listener, claims, min(claims.expires_utc or now, found.session.expires_utc))


async def _enter(parts: Parts, admitted: Admitted, now: datetime) -> None:
    listener, claims = admitted.listener, admitted.claims
    parts.rooms.enter(listener)
    try:
        # The session may have ended or moved after it was checked and before this listener was added.
        found = await parts.reading(lambda db: sessions.find(db, claims.tenant_id, listener.reference))
        sessions.check_running(found.session, now)
        await check_session_runs(parts, claims, now)
    except BaseException:
        parts.rooms.leave(listener)
        raise


async def _claims(websocket: WebSocket, parts: Parts, reference: str, now: datetime) -> Claims:
    ticket = websocket.query_params.get("ticket")
    if ticket is not None:
        opened = parts.tickets.open(ticket, reference, now)
        await asyncio.to_thread(_use_up, parts, opened, now)
        check_still_good(parts, opened.claims)
        return opened.claims
    return await claims_of(websocket, parts)


def _use_up(parts: Parts, ticket: Ticket, now: datetime) -> None:
    # Not by `parts.writing`: the entry in the audit log is written when it is known who listens to whom.
    with parts.database.write() as db:
        tickets.use(db, ticket, now)


async def claims_of(websocket: WebSocket, parts: Parts) -> Claims:
    """The claims of the token in a socket's subprotocol or header. Raises `Rejected` (401)."""
    offered = [p.removeprefix(_BEARER) for p in protocols_of(websocket) if p.startswith(_BEARER)]
    return await verify_token(parts, offered[0] if offered else bearer_of(websocket))


def check_origin(websocket: WebSocket, parts: Parts) -> None:
    """Raises `Rejected` (403 `origin-refused`) for a page from an origin that is not allowed."""
    web = parts.config.web
    if not allowed_origin(websocket.headers.get("origin"), web.public_url, web.allowed_origins):
        raise Rejected("sockets from this origin are not allowed", code="origin-refused", status=403)


def _checked(reference: str) -> str:
    try:
        return _REFERENCE.validate_python(reference)
    except ValidationError as error:
        raise Rejected("there is no session with this id", code="session-unknown", status=404) from error


def protocols_of(websocket: WebSocket) -> list[str]:
    """The subprotocols that the client of a socket offers."""
    protocols: list[str] = websocket.scope.get("subprotocols", [])
    return protocols


class _Beats:
    """The heartbeats of one socket: what the session's node says of it, also after a move."""

    def __init__(self, parts: Parts, admitted: Admitted) -> None:
        self._parts = parts
        self._session = admitted.found.session
        self._for_staff = admitted.listener.for_staff
        self._node_id = admitted.found.assignment.node_id

    def __call__(self) -> dict[str, Any]:
        fleet, now = self._parts.fleet, self._parts.clock()
        node = fleet.state(self._node_id)
        if node is None or not node.online(now) or self._named(node) is None:
            self._node_id = fleet.holder(self._session.id, now) or self._node_id
            node = fleet.state(self._node_id)
        state = None if node is None else self._named(node)
        return heartbeat(self._session.reference, state, for_staff=self._for_staff)

    def _named(self, node: NodeState) -> SessionState | None:
        states = node.heartbeat.sessions
        return next((one for one in states if one.session_id == self._session.id), None)

"""A stand for the candidate's page: the smallest coordinator, and an edge node's real signaling and media.

The page cannot tell it from the real thing; the tests see what the page asked for and what media arrived.
"""

from __future__ import annotations

import asyncio
import contextlib
import socket
from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import uvicorn
from fastapi import FastAPI, HTTPException, Request, WebSocket, WebSocketDisconnect
from fastapi.responses import JSONResponse

from coordinator.web_api.pages import add_pages
from edge.media.peer import Peer, PeerSettings
from edge.media.signaling import signaling_router
from shared.api.exams import ConsentRequest
from shared.api.sessions import AcknowledgeRequest, JoinRequest, JoinResponse, Notice, WebrtcConfig
from shared.cameras import Camera
from shared.errors import Rejected
from shared.fields import format_utc
from tests.support.eventually import until

CODE = "code-of-thirty-two-characters-00"
TOKEN = "token-of-this-session"
SESSION = UUID("018f0000-0000-7000-8000-000000000001")
REFERENCE = "EXAM-7 anna"
CANDIDATE = "anna"
NOTICE = Notice(
    version="2",
    language="en",
    title="What happens during this exam",
    paragraphs=["Your camera picture is analysed.", "<b>Nothing</b> is stored."],
    purposes=["camera-monitoring", "speech-detection"],
)


@dataclass(eq=False, slots=True)
class StandSeat:
    """One connection of the page, with a real peer behind it."""

    peer: Peer = field(default_factory=lambda: Peer(PeerSettings()))
    outbox: asyncio.Queue[Mapping[str, object]] = field(default_factory=asyncio.Queue)
    said_goodbye: bool = False
    cameras: list[Camera] = field(default_factory=list)

    async def answer(self, offer_sdp: str) -> str:
        return await self.peer.answer(offer_sdp)

    async def add_candidate(self, candidate: str, mid: str | None, index: int | None) -> None:
        await self.peer.add_candidate(candidate, mid, index)

    async def show_camera(self, camera: Camera) -> None:
        self.cameras.append(camera)

    async def notices(self) -> AsyncIterator[Mapping[str, object]]:
        while True:
            yield await self.outbox.get()

    async def left(self) -> None:
        self.said_goodbye = True


@dataclass(eq=False, slots=True)
class Stand:
    """What the page talks to, and what it did."""

    url: str = ""
    used_codes: set[str] = field(default_factory=set)
    acknowledged: list[AcknowledgeRequest] = field(default_factory=list)
    ended: int = 0
    seats: list[StandSeat] = field(default_factory=list)
    refuse_seats: Rejected | None = None
    refuse_end: bool = False
    ended_before: bool = False
    """Whether an end got through that the page has heard nothing of."""
    agreed: list[tuple[str, ConsentRequest]] = field(default_factory=list)
    """Purposes withdrawn or agreed to again, in order."""
    refuse_agreement: bool = False
    listeners: list[WebSocket] = field(default_factory=list)

    async def connect(self, session_id: UUID, token: str) -> StandSeat:
        """The edge node's door (`edge.media.admission.Admission`)."""
        self.check(session_id, token)
        self.seats.append(StandSeat())
        return self.seats[-1]

    def check(self, session_id: UUID, token: str) -> None:
        if self.refuse_seats is not None:
            raise self.refuse_seats
        if session_id != SESSION or token != TOKEN:
            raise Rejected("another's session", code="not-yours", status=403)

    async def tell(self, message: dict[str, Any]) -> None:
        """Say something on the coordinator's socket."""
        for listener in self.listeners:
            await listener.send_json(message)

    @property
    def join_url(self) -> str:
        return f"{self.url}/join#{CODE}"


@contextlib.asynccontextmanager
async def exam_stand() -> AsyncIterator[Stand]:
    """A running stand on a free port of the loopback."""
    stand = Stand()
    with socket.create_server(("127.0.0.1", 0)) as listening:
        stand.url = f"http://127.0.0.1:{listening.getsockname()[1]}"
        server = uvicorn.Server(uvicorn.Config(_app(stand), log_level="error", lifespan="off"))
        serving = asyncio.create_task(server.serve(sockets=[listening]))
        try:
            await until(lambda: server.started, "the stand serves")
            yield stand
        finally:
            server.should_exit = server.force_exit = True
            await serving
            for seat in stand.seats:
                await seat.peer.close()


def _app(stand: Stand) -> FastAPI:
    app = FastAPI()
    add_pages(app, stand.url, lambda: [_socket_url(stand, "/signal")])
    app.include_router(signaling_router(stand, [stand.url]))
    app.post("/api/v1/join", response_model=JoinResponse)(_joining(stand))
    app.exception_handler(HTTPException)(_problem)

    @app.post("/api/v1/session/{reference}/acknowledge")
    async def acknowledge(reference: str, body: AcknowledgeRequest, request: Request) -> dict[str, str]:
        _check(reference, request)
        stand.acknowledged.append(body)
        return {}

    @app.put("/api/v1/consents/{candidate}/{purpose}")
    async def agree(candidate: str, purpose: str, body: ConsentRequest, request: Request) -> dict[str, str]:
        _check(REFERENCE, request)
        assert candidate == CANDIDATE
        if stand.refuse_agreement:
            raise HTTPException(503, {"code": "busy", "detail": "The exam server is busy."})
        stand.agreed.append((purpose, body))
        return {"message": "Your exam goes on." if not body.given else "You have agreed again."}

    @app.post("/api/v1/session/{reference}/end")
    async def end(reference: str, request: Request) -> dict[str, str]:
        _check(reference, request)
        if stand.ended_before:
            raise HTTPException(401, {"code": "session-ended", "detail": "The session has ended."})
        if stand.refuse_end:
            raise HTTPException(503, {"code": "busy", "detail": "The exam server is busy."})
        stand.ended += 1
        # As the real one does: everybody who listens hears of it before the answer is out.
        await stand.tell({"type": "heartbeat", "session_id": REFERENCE, "status": "ended", "stats": {}})
        await asyncio.sleep(0.2)
        return {"status": "ended"}

    @app.websocket("/ws/{session_id}")
    async def live(listener: WebSocket, session_id: str) -> None:
        assert listener.scope["subprotocols"] == ["proctor.v1", f"bearer.{TOKEN}"]
        await listener.accept(subprotocol="proctor.v1")
        stand.listeners.append(listener)
        with contextlib.suppress(WebSocketDisconnect):
            while True:
                await listener.receive_text()
        stand.listeners.remove(listener)

    return app


def _joining(stand: Stand) -> Any:
    async def join(body: JoinRequest) -> JoinResponse:
        if body.code != CODE or body.code in stand.used_codes:
            raise HTTPException(410, {"code": "code-used", "detail": "The link was used before."})
        stand.used_codes.add(body.code)
        return JoinResponse(
            session_id=REFERENCE,
            session_uuid=str(SESSION),
            candidate_id=CANDIDATE,
            session_token=TOKEN,
            exam_title="Mathematics I",
            notice=NOTICE,
            signaling_url=_socket_url(stand, f"/signal/{SESSION}"),
            websocket_url=_socket_url(stand, f"/ws/{SESSION}"),
            webrtc_config=WebrtcConfig(ice_servers=[], video_constraints={}, audio_constraints={}),
            session_expires_at=datetime.now(UTC) + timedelta(hours=3),
        )

    return join


def _check(reference: str, request: Request) -> None:
    if reference != REFERENCE or request.headers["authorization"] != f"Bearer {TOKEN}":
        raise HTTPException(403, {"code": "not-yours", "detail": "Another's session."})


async def _problem(_: Request, error: Exception) -> JSONResponse:
    assert isinstance(error, HTTPException)
    return JSONResponse(error.detail, error.status_code)


def _socket_url(stand: Stand, path: str) -> str:
    return "ws" + stand.url.removeprefix("http") + path


def notice(event_id: str, message: str) -> dict[str, object]:
    """A gentle warning as both sockets carry it."""
    return {
        "type": "notice",
        "event_id": event_id,
        "level": "warning",
        "message": message,
        "timestamp": format_utc(datetime.now(UTC)),
        "dismiss_after_seconds": 10,
    }

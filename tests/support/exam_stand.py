"""A stand for the candidate's page: the smallest coordinator, and an edge node's real signaling and media.

The page cannot tell it from the real thing; the tests see what the page asked for and what media arrived.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator, Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import uvicorn
from fastapi import FastAPI, HTTPException, Request, WebSocket, WebSocketDisconnect
from fastapi.responses import HTMLResponse, JSONResponse

from coordinator.openness import facts
from coordinator.openness.networks import cards
from coordinator.openness.page import written_out
from coordinator.sessions import binding
from coordinator.sessions.binding import DeviceAccess, DeviceState, KnownDevice
from coordinator.web_api.headers import reading_policy
from coordinator.web_api.pages import add_pages
from edge.media.peer import Peer, PeerSettings
from edge.media.signaling import signaling_router
from shared.api.exams import ConsentRequest
from shared.api.links import (
    AcknowledgeRequest,
    CameraReport,
    JoinAskRequest,
    JoinLook,
    JoinLookRequest,
    JoinRequest,
    JoinResponse,
    NoticeOut,
    ToldOut,
)
from shared.api.privacy import DeleteRequest, ErasureOut, ErasureRequestOut, OwnPrivacyOut
from shared.api.sessions import IceServerOut, WebrtcConfig
from shared.cameras import Camera
from shared.errors import Rejected
from shared.fields import format_utc
from shared.web_server.options import listen
from tests.support.eventually import until

CODE = "code-of-thirty-two-characters-00"
TOKEN = "token-of-this-session"
SESSION = UUID("018f0000-0000-7000-8000-000000000001")
REFERENCE = "EXAM-7 anna"
CANDIDATE = "anna"
NOTICE = NoticeOut(
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
    replaced: asyncio.Event = field(default_factory=asyncio.Event)
    """Set when another page took its place."""
    cameras: list[Camera] = field(default_factory=list)

    async def answer(self, offer_sdp: str) -> str:
        return await self.peer.answer(offer_sdp)

    def check(self) -> None:
        if self.replaced.is_set():
            raise Rejected("your exam is open in another window", code="open-elsewhere", status=409)

    async def add_candidate(self, candidate: str, mid: str | None, index: int | None) -> None:
        await self.peer.add_candidate(candidate, mid, index)

    async def show_camera(self, camera: Camera) -> None:
        self.cameras.append(camera)

    async def notices(self) -> AsyncIterator[Mapping[str, object]]:
        replaced = asyncio.create_task(self.replaced.wait())
        while not replaced.done():
            said = asyncio.create_task(self.outbox.get())
            await asyncio.wait((said, replaced), return_when=asyncio.FIRST_COMPLETED)
            if said.done():
                yield said.result()
        self.check()

    async def left(self) -> None:
        self.said_goodbye = True


@dataclass(eq=False, slots=True)
class Stand:
    """What the page talks to, and what it did."""

    url: str = ""
    dead: tuple[int, str, str] | None = None
    """Status, code and reason with which the link is refused; None: it works."""
    binds: bool = True
    bound: str | None = None
    """The key of the bound device."""
    asked: list[str] = field(default_factory=list)
    """Keys of devices that ask."""
    cameras: list[str] = field(default_factory=list)
    """What the page told staff of its camera."""
    opened: int = 0
    """How often the session was opened by its link."""
    paused_at: datetime | None = None
    told: list[dict[str, Any]] = field(default_factory=list)
    """What a page that is loaded again is told."""
    tabs: list[UUID | None] = field(default_factory=list)
    """The windows of the seats."""
    signaling_host: str = ""
    """Where the page reaches the node, if elsewhere."""
    wrap: Callable[[StandSeat], Any] = lambda seat: seat
    """Puts something between the page and a seat."""
    acknowledged: list[AcknowledgeRequest] = field(default_factory=list)
    ended: int = 0
    seats: list[StandSeat] = field(default_factory=list)
    moved: bool = False
    """Whether the coordinator names the next node."""
    route_away: bool = False
    """Whether the coordinator does not answer that question."""
    routes_asked: list[int] = field(default_factory=list)
    """How often the page had failed to connect, each time it asked for its node."""
    next_seats: list[StandSeat] = field(default_factory=list)
    """Seats at the next node."""
    refuse_seats: Rejected | None = None
    one_at_a_time: bool = False
    """Whether a new page takes the place of the one before, as at a node."""
    refuse_end: bool = False
    ended_before: bool = False
    """Whether an end got through that the page has heard nothing of."""
    agreed: list[tuple[str, ConsentRequest]] = field(default_factory=list)
    """Purposes withdrawn or agreed to again, in order."""
    refuse_agreement: bool = False
    requests: list[ErasureRequestOut] = field(default_factory=list)
    """The candidate's requests to be erased."""
    refuse_request: bool = False
    listeners: list[WebSocket] = field(default_factory=list)
    ice_servers: list[IceServerOut] = field(default_factory=list)
    """What a page that joins now gets."""
    opens: Callable[[], None] = lambda: None
    """Called after the session was opened by its link."""

    async def connect(self, session_id: UUID, token: str, tab: UUID | None = None) -> StandSeat:
        """The edge node's door (`edge.media.admission.Admission`)."""
        self.check(session_id, token)
        if self.seats and self.one_at_a_time:
            self.seats[-1].replaced.set()
        self.seats.append(StandSeat())
        self.tabs.append(tab)
        seat: StandSeat = self.wrap(self.seats[-1])
        return seat

    def next_node(self) -> NextNode:
        """The door of the node that the session moves to."""
        return NextNode(self)

    def check(self, session_id: UUID, token: str) -> None:
        if self.refuse_seats is not None:
            raise self.refuse_seats
        if session_id != SESSION or token != TOKEN:
            raise Rejected("another's session", code="not-yours", status=403)

    def approve(self) -> None:
        """Let the device that asked last take the place of the bound one."""
        self.bound = self.asked.pop()

    def challenge(self, key: str | None) -> str | None:
        """What a device with this key has to sign now."""
        if self.bound is None:
            return binding.FIRST_CHALLENGE
        return f"challenge-{self.opened}" if key == self.bound else None

    def standing(self, key: str | None) -> DeviceAccess:
        now, known = datetime.now(UTC), None
        if key == self.bound:
            known = KnownDevice(DeviceState.BOUND, None)
        elif key in self.asked:
            known = KnownDevice(DeviceState.ASKED, now)
        return binding.access_of(binds=self.binds, bound=self.bound is not None, known=known, now_utc=now)

    async def tell(self, message: dict[str, Any]) -> None:
        """Say something on the coordinator's socket."""
        for listener in self.listeners:
            await listener.send_json(message)

    @property
    def join_url(self) -> str:
        return f"{self.url}/join#{CODE}"


@dataclass(frozen=True, slots=True)
class NextNode:
    """Another node's door; it refuses nobody."""

    stand: Stand

    async def connect(self, session_id: UUID, token: str, tab: UUID | None = None) -> StandSeat:
        self.check(session_id, token)
        self.stand.next_seats.append(StandSeat())
        return self.stand.next_seats[-1]

    def check(self, session_id: UUID, token: str) -> None:
        assert (session_id, token) == (SESSION, TOKEN)


@contextlib.asynccontextmanager
async def exam_stand() -> AsyncIterator[Stand]:
    """A running stand on a free port of the loopback."""
    stand = Stand()
    with listen("127.0.0.1", 0) as listening:
        stand.url = f"http://127.0.0.1:{listening.getsockname()[1]}"
        server = uvicorn.Server(uvicorn.Config(_app(stand), log_level="error", lifespan="off"))
        serving = asyncio.create_task(server.serve(sockets=[listening]))
        try:
            await until(lambda: server.started, "the stand serves")
            yield stand
        finally:
            server.should_exit = server.force_exit = True
            await serving
            for seat in (*stand.seats, *stand.next_seats):
                await seat.peer.close()


def _app(stand: Stand) -> FastAPI:
    app = FastAPI()
    add_pages(app, stand.url, lambda: [_signaling_url(stand)])
    app.include_router(signaling_router(stand, [stand.url]))
    app.include_router(signaling_router(stand.next_node(), [stand.url]), prefix="/next")
    _add_link(app, stand)
    _add_route(app, stand)
    _add_own_data(app, stand)
    app.get("/how-it-works")(_how_it_works)
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


def _add_route(app: FastAPI, stand: Stand) -> None:
    @app.get("/api/v1/session/{reference}/route")
    async def route(reference: str, request: Request, failed: int) -> dict[str, Any]:
        _check(reference, request)
        stand.routes_asked.append(failed)
        if stand.route_away:
            raise HTTPException(503, {"code": "no-node-online", "detail": "There is no other node."})
        there = _socket_url(stand, f"/next/signal/{SESSION}")
        return {"signaling_url": there if stand.moved else _signaling_url(stand), "moved": stand.moved}


async def _how_it_works() -> HTMLResponse:
    policy = {"Content-Security-Policy": reading_policy()}
    return HTMLResponse(written_out(facts.notice(cards(), ())), headers=policy)


def _add_own_data(app: FastAPI, stand: Stand) -> None:
    @app.get("/api/v1/privacy/own")
    async def own(request: Request) -> OwnPrivacyOut:
        _check(REFERENCE, request)
        stored = {"alerts": 2, "faces": 3}
        since = datetime(2026, 11, 1, tzinfo=UTC)
        return OwnPrivacyOut(
            candidate_id=CANDIDATE, known_since=since, stored=stored, requests=stand.requests
        )

    @app.post("/api/v1/privacy/delete")
    async def delete(body: DeleteRequest, request: Request) -> ErasureOut:
        _check(REFERENCE, request)
        assert body.candidate_id == CANDIDATE
        if stand.refuse_request:
            raise HTTPException(503, {"code": "busy", "detail": "The exam server is busy."})
        asked = ErasureRequestOut(
            request_id="1",
            candidate_id=CANDIDATE,
            asked_at=datetime(2026, 11, 30, 12, tzinfo=UTC),
            state="waiting",
            decided_at=None,
            refusal=None,
        )
        stand.requests.append(asked)
        return ErasureOut(status="requested", request=asked)


def _add_link(app: FastAPI, stand: Stand) -> None:
    @app.post("/api/v1/join/look")
    async def look(body: JoinLookRequest) -> JoinLook:
        _follow(stand, body.code)
        return _seen(stand, body.device_key)

    @app.post("/api/v1/join/camera", status_code=204)
    async def camera(body: CameraReport) -> None:
        _follow(stand, body.code)
        stand.cameras.append(body.camera)

    @app.post("/api/v1/join/ask")
    async def ask(body: JoinAskRequest) -> JoinLook:
        _follow(stand, body.code)
        stand.asked.append(body.device_key)
        return _seen(stand, body.device_key)

    @app.post("/api/v1/join")
    async def join(body: JoinRequest) -> JoinResponse:
        _follow(stand, body.code)
        key = body.device.key if body.device else None
        try:
            binding.check_may_open(stand.standing(key), has_key=key is not None)
            if body.device is not None:
                signed = binding.statement(SESSION, stand.challenge(key) or "")
                binding.check_signature(body.device.key, body.device.signature, signed)
        except Rejected as refused:
            raise HTTPException(refused.status, {"code": refused.code, "detail": str(refused)}) from refused
        stand.bound, stand.opened = key, stand.opened + 1
        joined = _joined(stand)
        stand.opens()
        return joined

    @app.get("/api/v1/session/{reference}/told")
    async def told(reference: str, request: Request) -> ToldOut:
        _check(reference, request)
        return ToldOut(items=stand.told)


def _follow(stand: Stand, code: str) -> None:
    status, why, detail = stand.dead or (404, "join-code-unknown", "The link is not valid.")
    if stand.dead is not None or code != CODE:
        raise HTTPException(status, {"code": why, "detail": detail})


def _seen(stand: Stand, key: str | None) -> JoinLook:
    return JoinLook(
        session_uuid=str(SESSION),
        exam_title="Mathematics I",
        notice=NOTICE,
        webrtc_config=WebrtcConfig(ice_servers=[], video_constraints={}, audio_constraints={}),
        device=stand.standing(key).value,
        challenge=stand.challenge(key),
        check_number=binding.check_number(key) if key else None,
        paused_at=stand.paused_at,
        join_url_expires_at=datetime.now(UTC) + timedelta(hours=3),
    )


def _joined(stand: Stand) -> JoinResponse:
    return JoinResponse(
        session_id=REFERENCE,
        session_uuid=str(SESSION),
        candidate_id=CANDIDATE,
        paused_at=stand.paused_at,
        session_token=TOKEN,
        exam_title="Mathematics I",
        notice=NOTICE,
        signaling_url=_signaling_url(stand),
        websocket_url=_socket_url(stand, f"/ws/{SESSION}"),
        webrtc_config=WebrtcConfig(ice_servers=stand.ice_servers, video_constraints={}, audio_constraints={}),
        session_expires_at=datetime.now(UTC) + timedelta(hours=3),
    )


def _check(reference: str, request: Request) -> None:
    if reference != REFERENCE or request.headers["authorization"] != f"Bearer {TOKEN}":
        raise HTTPException(403, {"code": "not-yours", "detail": "Another's session."})


async def _problem(_: Request, error: Exception) -> JSONResponse:
    assert isinstance(error, HTTPException)
    return JSONResponse(error.detail, error.status_code)


def _signaling_url(stand: Stand) -> str:
    url = _socket_url(stand, f"/signal/{SESSION}")
    return f"ws://{stand.signaling_host}/signal/{SESSION}" if stand.signaling_host else url


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

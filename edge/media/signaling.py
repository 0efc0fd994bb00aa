"""WebSocket signaling at `/signal/{session_id}`: JSON texts between the candidate's page and this node.

The page asks for the subprotocols `proctor.v1` and `bearer.<session token>`; the token is never in the URL.
With `tab.<uuid>` it sends the id of its window, so that a second window differs from a reconnection.

    page -> node   {"type": "offer", "sdp": …}          first, within 30 s
                   {"type": "camera", "label": …, "width": …, "height": …, "frameRate": …,
                       "displaySurface": …}             of its video track; all but the label may be missing
                   {"type": "candidate", "candidate": null or
                       {"candidate": …, "sdpMid": …, "sdpMLineIndex": …}}
                   {"type": "bye"}
    node -> page   {"type": "answer", "sdp": …}
                   {"type": "notice", …}
                   {"type": "rate", "frames_per_second": …}   a request to send no more pictures than that,
                       until the next one
                   {"type": "error", "code": …, "status": …, "message": …}

An error that ends the socket has its HTTP status in the close code: 4000 + status (4401, 4403, 4404, 4409,
4503, …), because a browser shows a refusal before the handshake only as 1006. Only a client that opens too
many sockets is refused before it, with 429, because each handshake costs time. One that sends too many offers
is closed with 1008, and so is one that sends too many frames or bytes (`shared.web_server`). A page that
another has replaced gets 4409 (`open-elsewhere`: the candidate may continue on it) or 4401 (`device-moved`:
it may not); the former as soon as the other one's media arrive.
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import Collection
from typing import Annotated, Literal
from uuid import UUID

from fastapi import APIRouter, WebSocket, WebSocketDisconnect
from pydantic import BaseModel, ConfigDict, Field, TypeAdapter, ValidationError
from starlette.responses import PlainTextResponse

from edge.media.admission import Admission, Seat
from shared.cameras import MAX_LABEL_CHARS, Camera
from shared.errors import ProctorError, Rejected, Unavailable
from shared.tokens import MAX_TOKEN_CHARS

PROTOCOL = "proctor.v1"
TOKEN_PREFIX = "bearer."
TAB_PREFIX = "tab."
MESSAGE_CHARS = 80 * 1024
"""An offer of 64 KiB as a JSON string. Uvicorn's `ws_max_size` should be at most a few times this."""
_OFFER_S = 30.0
_SEND_S = 5.0
_LEFT_ON_PURPOSE = (1000, 1001)
_TOO_MUCH = 1008
_TOO_MANY = 429


class _Message(BaseModel):
    model_config = ConfigDict(frozen=True, extra="ignore", strict=True)


class Offer(_Message):
    type: Literal["offer"]
    sdp: str = Field(max_length=64 * 1024)


class IceCandidate(_Message):
    """A candidate as a browser's `RTCIceCandidate.toJSON()` writes it."""

    candidate: str = Field(max_length=1024)
    sdpMid: str | None = Field(default=None, max_length=64)
    sdpMLineIndex: int | None = Field(default=None, ge=0, le=64)


class TrickledCandidate(_Message):
    type: Literal["candidate"]
    candidate: IceCandidate | None
    """None: no more candidates follow."""


class CameraSaid(_Message):
    """The label and some settings of the video track, as `MediaStreamTrack` has them."""

    type: Literal["camera"]
    label: str = Field(max_length=MAX_LABEL_CHARS)
    width: float | None = Field(default=None, ge=0, le=100_000, allow_inf_nan=False)
    height: float | None = Field(default=None, ge=0, le=100_000, allow_inf_nan=False)
    frameRate: float | None = Field(default=None, ge=0, le=10_000, allow_inf_nan=False)
    displaySurface: str | None = Field(default=None, max_length=32)

    def camera(self) -> Camera:
        return Camera(
            label=self.label,
            width_px=self.width,
            height_px=self.height,
            frames_per_second=self.frameRate,
            display_surface=self.displaySurface,
        )


class Bye(_Message):
    type: Literal["bye"]


Said = Offer | TrickledCandidate | CameraSaid | Bye
_messages: TypeAdapter[Said] = TypeAdapter(Annotated[Said, Field(discriminator="type")])


def signaling_router(admission: Admission, allowed_origins: Collection[str]) -> APIRouter:
    """Routes for signaling. A page of another origin is refused before the handshake."""
    router = APIRouter()

    @router.websocket("/signal/{session_id}")
    async def signal(socket: WebSocket, session_id: UUID) -> None:
        origin = socket.headers.get("origin")
        if origin is not None and origin not in allowed_origins:
            await socket.close()
            return
        await _Signaling(socket, admission, session_id).run()

    return router


def parse_message(text: str) -> Said:
    """Parse a message of the page. Raises Rejected with what is wrong."""
    if len(text) > MESSAGE_CHARS:
        raise Rejected(f"a message is longer than {MESSAGE_CHARS} characters", code="too-long", status=413)
    try:
        return _messages.validate_json(text)
    except ValidationError as error:
        first = error.errors(include_url=False, include_input=False)[0]
        place = ".".join(str(part) for part in first["loc"]) or "message"
        raise Rejected(f"{place}: {first['msg']}", code="bad-message") from error


def offered_token(subprotocols: Collection[str]) -> str:
    """The session token among the requested subprotocols. Raises Rejected (401)."""
    tokens = [name.removeprefix(TOKEN_PREFIX) for name in subprotocols if name.startswith(TOKEN_PREFIX)]
    if PROTOCOL not in subprotocols or len(tokens) != 1 or not 0 < len(tokens[0]) <= MAX_TOKEN_CHARS:
        raise Rejected(
            f"subprotocols must be {PROTOCOL} and {TOKEN_PREFIX}<session token>", code="no-token", status=401
        )
    return tokens[0]


def offered_tab(subprotocols: Collection[str]) -> UUID | None:
    """The id of the page's window among the requested subprotocols; None without one that is a UUID."""
    tabs = [name.removeprefix(TAB_PREFIX) for name in subprotocols if name.startswith(TAB_PREFIX)]
    try:
        return UUID(tabs[0]) if tabs else None
    except ValueError:
        return None


class _Signaling:
    """One socket from accept to close."""

    def __init__(self, socket: WebSocket, admission: Admission, session_id: UUID) -> None:
        self._socket = socket
        self._admission = admission
        self._session_id = session_id
        self._sending = asyncio.Lock()

    async def run(self) -> None:
        subprotocols = self._socket.scope.get("subprotocols", [])
        seat = await self._admitted(subprotocols)
        if isinstance(seat, Rejected) and seat.status == _TOO_MANY:
            await self._deny(seat)
            return
        await self._socket.accept(subprotocol=PROTOCOL if PROTOCOL in subprotocols else None)
        try:
            if isinstance(seat, ProctorError):
                raise seat
            await self._serve(seat)
        except ProctorError as error:
            await self._refuse(error)
        except WebSocketDisconnect:
            return

    async def _admitted(self, subprotocols: Collection[str]) -> Seat | ProctorError:
        try:
            token, tab = offered_token(subprotocols), offered_tab(subprotocols)
            return await self._admission.connect(self._session_id, token, tab)
        except ProctorError as error:
            return error

    async def _deny(self, error: Rejected) -> None:
        """Refuse the handshake."""
        headers = {"Retry-After": str(error.retry_after_s or 1)}
        await self._socket.send_denial_response(PlainTextResponse(str(error), _TOO_MANY, headers))

    async def _serve(self, seat: Seat) -> None:
        """Read until the page or the session ends; tell the seat when the page leaves on purpose."""
        reading = asyncio.create_task(self._read(seat), name="signaling-read")
        writing = asyncio.create_task(self._write_notices(seat), name="signaling-notices")
        try:
            await asyncio.wait((reading, writing), return_when=asyncio.FIRST_COMPLETED)
        finally:
            for task in (reading, writing):
                task.cancel()
            results = await asyncio.gather(reading, writing, return_exceptions=True)
        for result in results:
            if isinstance(result, Exception):
                raise result
        await self._close(1000, "")

    async def _read(self, seat: Seat) -> None:
        try:
            async with asyncio.timeout(_OFFER_S) as offer_due:
                while await self._handle(seat, await self._next()):
                    offer_due.reschedule(None)
        except TimeoutError as error:
            raise Rejected(f"no offer within {_OFFER_S:.0f} s", code="no-offer", status=408) from error
        except WebSocketDisconnect as gone:
            if gone.code not in _LEFT_ON_PURPOSE:
                raise
        await seat.left()

    async def _next(self) -> Said:
        received = await self._socket.receive()
        if received["type"] == "websocket.disconnect":
            raise WebSocketDisconnect(received["code"], received.get("reason"))
        text = received.get("text")
        if text is None:
            raise Rejected("a message must be text, not bytes", code="bad-message")
        return parse_message(text)

    async def _handle(self, seat: Seat, message: Said) -> bool:
        """Handle one message. Returns False after the last."""
        if isinstance(message, Bye):
            return False
        if isinstance(message, Offer):
            await self._send({"type": "answer", "sdp": await seat.answer(message.sdp)})
            return True
        if isinstance(message, CameraSaid):
            await seat.show_camera(message.camera())
            return True
        given = message.candidate
        try:
            if given is None:
                await seat.add_candidate("", None, None)
            else:
                await seat.add_candidate(given.candidate, given.sdpMid, given.sdpMLineIndex)
        except Rejected as error:
            # A bad candidate must not end the call: the page gets the error and the call continues.
            await self._send(_error(error))
        return True

    async def _write_notices(self, seat: Seat) -> None:
        async for notice in seat.notices():
            await self._send(dict(notice))

    async def _send(self, message: dict[str, object]) -> None:
        text = json.dumps(message, separators=(",", ":"))
        try:
            async with self._sending, asyncio.timeout(_SEND_S):
                await self._socket.send_text(text)
        except TimeoutError as error:
            raise Unavailable("the page does not read its messages") from error

    async def _refuse(self, error: ProctorError) -> None:
        try:
            await self._send(_error(error))
        except (RuntimeError, Unavailable, WebSocketDisconnect):
            return
        status = _status(error)
        await self._close(_TOO_MUCH if status == _TOO_MANY else 4000 + status, str(error))

    async def _close(self, code: int, reason: str) -> None:
        try:
            # A close frame holds 125 bytes, two of them the code.
            await self._socket.close(code, reason.encode()[:120].decode(errors="ignore"))
        except (RuntimeError, WebSocketDisconnect):
            return


def _status(error: ProctorError) -> int:
    return error.status if isinstance(error, Rejected) else 503


def _error(error: ProctorError) -> dict[str, object]:
    code = error.code if isinstance(error, Rejected) else "unavailable"
    return {"type": "error", "code": code, "status": _status(error), "message": str(error)}

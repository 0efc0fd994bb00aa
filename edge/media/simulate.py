"""Simulates a candidate: streams a recording over real WebRTC, in real time, like a browser page.

Packets that a browser could have sent (H.264 without B-frames or VP8, a keyframe every 2 s; Opus) are sent
unchanged, so that the node decodes exactly what a reader of the file decodes. Anything else is decoded and
encoded again, and then a PLI is answered with a keyframe.
"""

from __future__ import annotations

import asyncio
import json
import logging
import time
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from aiortc import (
    MediaStreamTrack,
    RTCPeerConnection,
    RTCRtpSender,
    RTCSessionDescription,
)
from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed, InvalidHandshake, WebSocketException

from edge.media.negotiation import open_connection
from edge.media.outgoing import Outgoing, open_outgoing
from edge.media.signaling import PROTOCOL, TOKEN_PREFIX
from shared.errors import Rejected, Unavailable
from shared.ice import IceServer

logger = logging.getLogger(__name__)

_CONNECT_S = 15.0
_MESSAGE_BYTES = 256 * 1024
_ENDED = 1000
"""The close code of a node that has ended the session."""


@dataclass(frozen=True, slots=True)
class Simulation:
    """What to stream, and where to."""

    recording: Path
    signaling_url: str
    """`ws://…/signal/{session_id}` from the answer to `session/start`."""
    token: str
    """The session token."""
    ice_servers: tuple[IceServer, ...] = ()
    origin: str | None = None
    """The Origin header to send; None to send none, like programs."""


@dataclass(frozen=True, slots=True)
class Streamed:
    """The result of a simulation."""

    duration_s: float
    """From the connection to the end."""
    ended_by_node: bool
    """The node closed before the recording was over."""
    broken_off: bool
    """… and not because the session was over or another page replaced this one: the node died or the network
    failed."""
    notices: tuple[Mapping[str, object], ...]
    """The last messages from the node, at most 100."""


async def stream_recording(
    simulation: Simulation,
    stop: asyncio.Event | None = None,
    began: Callable[[], None] | None = None,
) -> Streamed:
    """Stream the recording once. Returns when it is over, `stop` is set or the node ends it.

    `began` is called when the media connection is open and the recording's first frame is sent.
    Raises Rejected (refused by the node, or an unusable file) or Unavailable (no node or connection in time).
    """
    outgoing = open_outgoing(simulation.recording)
    connection = open_connection(simulation.ice_servers)
    try:
        _add_tracks(connection, outgoing)
        async with _signaling(simulation) as socket:
            await _negotiate(connection, socket)
            if began is not None:
                began()
            return await _stream(connection, socket, outgoing, stop or asyncio.Event())
    finally:
        await connection.close()
        outgoing.close()


def _add_tracks(connection: RTCPeerConnection, outgoing: Outgoing) -> None:
    for track, mime_type in outgoing.tracks:
        sender = connection.addTrack(track)
        capabilities = RTCRtpSender.getCapabilities(track.kind)
        assert capabilities is not None
        transceiver = next(t for t in connection.getTransceivers() if t.sender is sender)
        transceiver.setCodecPreferences(
            [codec for codec in capabilities.codecs if codec.mimeType in (mime_type, f"{track.kind}/rtx")]
        )
        transceiver.direction = "sendonly"


@asynccontextmanager
async def _signaling(simulation: Simulation) -> AsyncIterator[ClientConnection]:
    subprotocols: Any = [PROTOCOL, TOKEN_PREFIX + simulation.token]
    try:
        async with connect(
            simulation.signaling_url,
            subprotocols=subprotocols,
            origin=simulation.origin,  # type: ignore[arg-type]
            max_size=_MESSAGE_BYTES,
            open_timeout=_CONNECT_S,
        ) as socket:
            yield socket
    except InvalidHandshake as error:
        raise Rejected(f"the node refused the connection: {error}", code="refused", status=403) from error
    except ConnectionClosed as error:
        raise _closed(error) from error
    except (OSError, TimeoutError, WebSocketException) as error:
        raise Unavailable(f"no node at {simulation.signaling_url}: {error}") from error


def _closed(error: ConnectionClosed) -> Rejected | Unavailable:
    code = error.rcvd.code if error.rcvd is not None else 1006
    reason = error.rcvd.reason if error.rcvd is not None else "the connection broke"
    if 4400 <= code < 4500:
        return Rejected(f"the node refused: {reason}", code="refused", status=code - 4000)
    return Unavailable(f"the node closed the connection ({code}): {reason}")


async def _negotiate(connection: RTCPeerConnection, socket: ClientConnection) -> None:
    connected = asyncio.Event()
    connection.on("connectionstatechange", lambda: _note_state(connection, connected))
    try:
        async with asyncio.timeout(_CONNECT_S):
            await connection.setLocalDescription(await connection.createOffer())
            await socket.send(json.dumps({"type": "offer", "sdp": connection.localDescription.sdp}))
            while (message := json.loads(await socket.recv()))["type"] != "answer":
                if message["type"] == "error":
                    raise Rejected(message["message"], code=message["code"], status=message["status"])
            await connection.setRemoteDescription(RTCSessionDescription(message["sdp"], "answer"))
            await connected.wait()
    except TimeoutError as error:
        raise Unavailable(f"no media connection within {_CONNECT_S:.0f} s") from error
    if connection.connectionState != "connected":
        raise Unavailable("the media connection failed")


def _note_state(connection: RTCPeerConnection, decided: asyncio.Event) -> None:
    if connection.connectionState in ("connected", "failed", "closed"):
        decided.set()


async def _stream(
    connection: RTCPeerConnection, socket: ClientConnection, outgoing: Outgoing, stop: asyncio.Event
) -> Streamed:
    began_at = time.monotonic()
    notices: list[Mapping[str, object]] = []
    reading = asyncio.create_task(_read(socket, notices), name="simulation-read")
    endings = [
        reading,
        asyncio.create_task(stop.wait(), name="simulation-stop"),
        asyncio.create_task(_over(outgoing), name="simulation-over"),
    ]
    try:
        await asyncio.wait(endings, return_when=asyncio.FIRST_COMPLETED)
        ended_by_node = reading.done()
        broken_off = ended_by_node and socket.close_code != _ENDED
        if not ended_by_node:
            await socket.send(json.dumps({"type": "bye"}))
    finally:
        for ending in endings:
            ending.cancel()
        await asyncio.gather(*endings, return_exceptions=True)
    return Streamed(time.monotonic() - began_at, ended_by_node, broken_off, tuple(notices))


async def _read(socket: ClientConnection, notices: list[Mapping[str, object]]) -> None:
    try:
        async for text in socket:
            notices.append(json.loads(text))
            del notices[:-100]
            logger.info("from the node: %s", notices[-1].get("type"))
    except ConnectionClosed:
        return


async def _over(outgoing: Outgoing) -> None:
    """Wait until every track has sent everything, and a little longer for packets in flight."""
    ended = [_ended(track) for track, _ in outgoing.tracks]
    await asyncio.gather(*ended)
    await asyncio.sleep(0.3)


async def _ended(track: MediaStreamTrack) -> None:
    over = asyncio.Event()
    track.on("ended", over.set)
    if track.readyState == "live":
        await over.wait()

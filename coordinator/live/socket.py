"""One open live socket: sends its room's messages and heartbeats until it ends.

The ways to end, with their close codes:

    1000   the session is over, or the client left
    1008   the client sends too much
    1013   the client is too slow; it may reconnect
    4401   the token has expired or was revoked; reconnect with a new one
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine
from contextlib import suppress
from dataclasses import dataclass
from enum import IntEnum
from typing import Any, Final

from starlette.websockets import WebSocket, WebSocketDisconnect

from coordinator.live.rooms import Listener, Rooms
from shared.errors import Rejected

HEARTBEAT_INTERVAL_S: Final = 10.0
RECHECK_INTERVAL_S: Final = 5.0
CLOSE_TIMEOUT_S: Final = 2.0
"""The time limit of the closing handshake: the client may have stopped reading."""
MAX_CLIENT_MESSAGES: Final = 1_000
"""A listener need not send anything; pings of a careful client are a few hundred in an exam."""


class Close(IntEnum):
    NORMAL = 1000
    TOO_TALKATIVE = 1008
    TOO_SLOW = 1013
    TOKEN_EXPIRED = 4401


@dataclass(frozen=True, slots=True)
class Term:
    """The time limit of a socket."""

    lifetime_s: float
    check: Callable[[], None]
    """Raises `Rejected` if its token has been revoked; called from time to time."""


async def serve(
    websocket: WebSocket,
    rooms: Rooms,
    listener: Listener,
    heartbeat: Callable[[], dict[str, Any]],
    term: Term,
) -> None:
    """Run an accepted socket until it ends, within its term. `heartbeat` returns the present message."""
    await run_until_one_ends(
        websocket,
        _send(websocket, listener),
        _read(websocket),
        _beat(rooms, listener, heartbeat),
        _lost(listener),
        expire(term),
    )


async def run_until_one_ends(websocket: WebSocket, *works: Coroutine[Any, Any, Close]) -> None:
    """Run the works of an accepted socket side by side until one ends, then close the socket with its code.

    The others are cancelled and awaited. If several end at once, the highest code counts.
    """
    tasks = [asyncio.create_task(work) for work in works]
    try:
        done, _ = await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
        code = max(task.result() for task in done)
    except WebSocketDisconnect:
        return
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
    with suppress(TimeoutError, RuntimeError, WebSocketDisconnect):
        async with asyncio.timeout(CLOSE_TIMEOUT_S):
            await websocket.close(code)


async def _send(websocket: WebSocket, listener: Listener) -> Close:
    while (message := await listener.messages.get()) is not None:
        await websocket.send_text(message)
    return Close.NORMAL


async def _read(websocket: WebSocket) -> Close:
    for _ in range(MAX_CLIENT_MESSAGES):
        message = await websocket.receive()
        if message["type"] == "websocket.disconnect":
            return Close.NORMAL
    return Close.TOO_TALKATIVE


async def _beat(rooms: Rooms, listener: Listener, heartbeat: Callable[[], dict[str, Any]]) -> Close:
    while True:
        rooms.put_json(listener, heartbeat())
        await asyncio.sleep(HEARTBEAT_INTERVAL_S)


async def _lost(listener: Listener) -> Close:
    await listener.lost.wait()
    return Close.TOO_SLOW


async def expire(term: Term) -> Close:
    """Returns when the time limit is reached or the token is no longer valid."""
    left_s = term.lifetime_s
    while left_s > 0.0:
        pause_s = min(left_s, RECHECK_INTERVAL_S)
        await asyncio.sleep(pause_s)
        left_s -= pause_s
        try:
            term.check()
        except Rejected:
            break
    return Close.TOKEN_EXPIRED

"""Serves one open wall: receives the list of shown sessions and sends the cards that have changed, in bounded
batches.

It reads the stored state of all shown sessions when this process has stored something new, and every
`LOOKED_EVERY_S`, so that changes by other coordinators are shown too. It sends a batch at least every
`QUIET_S`, even an empty one: a page that receives nothing for longer knows that it is out of date.
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import Awaitable, Callable, Mapping, Sequence
from contextlib import suppress
from typing import Any, Final
from uuid import UUID

from pydantic import BaseModel, ConfigDict, ValidationError
from starlette.websockets import WebSocket

from coordinator.live.messages import news_message
from coordinator.live.socket import Close, Term, expire, run_until_one_ends
from coordinator.live.walls import MAX_SHOWN, Wall
from shared.card_delay import LEAST_LOOK_S, LOOKED_EVERY_S
from shared.errors import Unavailable
from shared.fields import Reference

QUIET_S: Final = 5.0
BATCH: Final = 50
"""The most cards in one message."""
MAX_MESSAGES: Final = 20_000
"""A page sends its list when the list changes, at most every 5 s."""

Cards = Mapping[UUID, dict[str, Any]]
"""Returns the messages of the shown sessions, by id."""
FetchCards = Callable[[Sequence[str]], Awaitable[Cards]]


class Showing(BaseModel):
    """A message from a wall's page: the sessions that it shows now. Long lists are sent in parts, because the
    length of a message is limited."""

    model_config = ConfigDict(extra="forbid")

    show: list[Reference]
    more: bool = False
    """Whether the sessions of the previous messages are still shown too."""


async def serve(websocket: WebSocket, wall: Wall, look: FetchCards, term: Term) -> None:
    """Serve an accepted wall until it ends or its time limit is reached. `look` returns the present cards of
    sessions."""
    await run_until_one_ends(websocket, _read(websocket, wall), _send(websocket, wall, look), expire(term))


async def _read(websocket: WebSocket, wall: Wall) -> Close:
    for _ in range(MAX_MESSAGES):
        message = await websocket.receive()
        if message["type"] == "websocket.disconnect":
            return Close.NORMAL
        try:
            said = Showing.model_validate_json(message.get("text") or "")
        except ValidationError:
            return Close.TOO_TALKATIVE
        wall.asked = (*wall.asked, *said.show) if said.more else tuple(said.show)
        wall.stirred.set()
        if len(wall.asked) > MAX_SHOWN:
            return Close.TOO_TALKATIVE
    return Close.TOO_TALKATIVE


async def _send(websocket: WebSocket, wall: Wall, look: FetchCards) -> Close:
    loop = asyncio.get_running_loop()
    sent: Cards = {}
    quiet_since = loop.time()
    while True:
        with suppress(Unavailable):  # nothing is sent, so the page knows that it is out of date
            cards = await look(wall.asked)
            wall.shown = frozenset(cards)
            items = [card for one, card in cards.items() if sent.get(one) != card]
            news, wall.news = wall.news, {}
            items += [
                news_message(cards[one]["session_id"], alert) for one, alert in news.items() if one in cards
            ]
            sent = cards
            if items or loop.time() - quiet_since >= QUIET_S:
                for first in range(0, max(1, len(items)), BATCH):
                    text = json.dumps({"type": "cards", "items": items[first : first + BATCH]})
                    await websocket.send_text(text)
                quiet_since = loop.time()
        await asyncio.sleep(LEAST_LOOK_S)
        with suppress(TimeoutError):
            await asyncio.wait_for(wall.stirred.wait(), LOOKED_EVERY_S - LEAST_LOOK_S)
        wall.stirred.clear()

"""Records how much of each session nobody watched, as heartbeats and the ends of sessions report it."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Iterable
from contextlib import suppress
from typing import Final
from uuid import UUID

from coordinator.nodes.fleet import NodeState
from coordinator.sessions.watched import service as watched
from coordinator.sessions.watched.runs import run_of
from coordinator.web_api.parts import Parts
from shared.errors import Unavailable
from shared.messages.sessions import SessionEnded
from shared.unwatched import Unwatched

MAX_NOTED: Final = 500
"""The most sessions written in one round; the others follow in the next."""
MAX_REMEMBERED: Final = 10_000

Said = tuple[str, Unwatched]
"""A run of a node, and the unwatched seconds that it reports."""


class Unseen:
    """One coordinator's memory of what it has written. Must not be used by two tasks at once."""

    def __init__(self) -> None:
        self._written: OrderedDict[UUID, Said] = OrderedDict()

    async def round(self, parts: Parts) -> None:
        """Write what has changed since the last round. Raises `Unavailable` if the database cannot be
        reached."""
        said = said_by(parts.fleet.online(parts.clock()))
        changed = {one: each for one, each in said.items() if self._written.get(one) != each}
        now = dict(list(changed.items())[:MAX_NOTED])
        if not now:
            return
        await parts.writing(lambda db: watched.note(db, now))
        self._written |= now
        while len(self._written) > MAX_REMEMBERED:
            self._written.popitem(last=False)


def said_by(nodes: Iterable[NodeState]) -> dict[UUID, Said]:
    """The last report about each session. If two nodes name it, the one with the later assignment counts."""
    said: dict[UUID, tuple[int, Said]] = {}
    for node in nodes:
        for state in node.heartbeat.sessions:
            if state.unwatched_s is None or said.get(state.session_id, (0,))[0] >= state.epoch:
                continue
            run = run_of(node.heartbeat.boot_id, state.epoch)
            said[state.session_id] = state.epoch, (run, state.unwatched_s)
    return {session_id: each for session_id, (_, each) in said.items()}


async def note_end(parts: Parts, node_id: UUID, ended: SessionEnded) -> None:
    """Write the last report of the node that ended a session; skipped if the database cannot be reached."""
    node = parts.fleet.state(node_id)
    if node is None or ended.unwatched_s is None or ended.epoch is None:
        return
    said = {ended.session_id: (run_of(node.heartbeat.boot_id, ended.epoch), ended.unwatched_s)}
    with suppress(Unavailable):
        await parts.writing(lambda db: watched.note(db, said))

"""A coordinator's parts without a hub: heartbeats are given, and what nodes are told is kept and answered."""

from __future__ import annotations

import asyncio
import shutil
from collections import defaultdict
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any, cast
from uuid import UUID, uuid4

from pydantic import BaseModel

from coordinator.building import build
from coordinator.config import CoordinatorConfig
from coordinator.ground.own_keys import make_own_keys
from coordinator.live.rooms import Listener
from coordinator.nodes.alert_stream import LastState
from coordinator.nodes.commands import Command
from coordinator.web_api.metrics import Metrics
from coordinator.web_api.parts import Parts
from shared.errors import ProctorError, Unavailable
from shared.messages.heartbeats import Heartbeat, SessionState
from shared.messages.message import parse
from shared.messages.sessions import EndSession, SessionAccepted, SessionChanged, SessionEnded, StartSession
from tests.support.session_rows import NOW, Rows, rows
from tests.support.sittings import EdgeNode


@dataclass
class Nodes:
    """In the place of the commander: every node obeys, unless it is said to fail."""

    started: list[tuple[UUID, StartSession]] = field(default_factory=list)
    changed: list[tuple[UUID, StartSession]] = field(default_factory=list)
    ended: list[tuple[UUID, EndSession]] = field(default_factory=list)
    fails: dict[UUID, ProctorError] = field(default_factory=dict)
    """What becomes of every command to a node."""
    meanwhile: Callable[[], None] = lambda: None
    """Called once with the next command."""

    async def send(self, node_id: UUID, command: Command) -> bytes:
        await asyncio.sleep(0)
        done, self.meanwhile = self.meanwhile, lambda: None
        done()
        if node_id in self.fails:
            raise self.fails[node_id]
        return self._obeyed(node_id, command).model_dump_json().encode()

    def _obeyed(self, node_id: UUID, command: Command) -> BaseModel:
        if command.kind == "end":
            end = parse(EndSession, command.body)
            self.ended.append((node_id, end))
            return SessionEnded(session_id=end.session_id, was_running=True)
        order = parse(StartSession, command.body)
        if command.kind == "change":
            self.changed.append((node_id, order))
            return SessionChanged(
                session_id=order.session_id, policy_version=order.policy.version, paused=order.paused
            )
        self.started.append((node_id, order))
        return accepted_by(node_id, order.session_id)


def accepted_by(node_id: UUID, session_id: UUID) -> SessionAccepted:
    """Where pages reach a session on this node."""
    return SessionAccepted(
        session_id=session_id, signaling_url=f"ws://{node_id}/signal", whip_url=f"http://{node_id}/whip"
    )


@dataclass
class States:
    """In the place of the hub's stream of states."""

    last_of: dict[tuple[UUID, UUID], LastState] = field(default_factory=dict)
    asked: list[UUID] = field(default_factory=list)
    """The nodes whose states were asked for."""
    removed: list[UUID] = field(default_factory=list)
    away: bool = False

    async def last(self, node_id: UUID, session_id: UUID) -> LastState | None:
        self.asked.append(node_id)
        if self.away:
            raise Unavailable("the hub cannot be reached", code="hub-away")
        return self.last_of.get((node_id, session_id))

    async def remove(self, session_id: UUID) -> None:
        if self.away:
            raise Unavailable("the hub cannot be reached", code="hub-away")
        self.removed.append(session_id)


@dataclass
class Desk:
    """What a test works with."""

    parts: Parts
    table: Rows
    nodes: Nodes
    states: States
    boots: defaultdict[UUID, UUID] = field(default_factory=lambda: defaultdict(uuid4))
    """The present run of each node."""

    def hears(
        self, node: EdgeNode, *sessions: SessionState, at_utc: datetime = NOW, ahead_s: float = 0.0
    ) -> None:
        """A node's heartbeat arrives; its clock is so much ahead."""
        beat = Heartbeat.model_validate(
            {
                "node_id": node.node_id,
                "boot_id": self.boots[node.node_id],
                "sent_utc": at_utc + timedelta(seconds=ahead_s),
                "region": "local",
                "sealing_key": node.sealing_text,
                "signaling_url": "ws://edge/signal",
                "health": 10,
                "level": 1,
                "rating": 100,
                "device": "cpu",
                "models": {},
                "recognisers": (),
                "outbox": (),
                "sessions": sessions,
            }
        )
        self.parts.fleet._states.pop(node.node_id, None)  # two may be of one instant
        self.parts.fleet.hear(beat, self.parts.clock(), at_utc)

    def listens(self, name: str, *, for_staff: bool = True) -> Listener:
        """Somebody listens to a session."""
        listener = Listener(self.table.ids[name], name, f"listener of {name}", for_staff=for_staff)
        self.parts.rooms.enter(listener)
        return listener


def messages(listener: Listener) -> list[str]:
    """What a listener was told since."""
    said = [listener.messages.get_nowait() for _ in range(listener.messages.qsize())]
    return [text for text in said if text is not None]


@contextmanager
def desk_without_hub(migrated: Path, folder: Path) -> Iterator[Desk]:
    """The parts with the sessions of `session_rows`, at its instant. `migrated`: a database to copy."""
    database = shutil.copy(migrated, folder / "coordinator.db")
    config = CoordinatorConfig(data_folder=folder / "coordinator", database_url=f"sqlite:///{database}")
    make_own_keys(config.data_folder, None)
    parts = build(config, Metrics())
    nodes, states = Nodes(), States()
    parts.commander, parts.state_stream = cast(Any, nodes), cast(Any, states)
    parts.utc_now = lambda: NOW
    try:
        table = rows(parts.database, parts.keys.keyring)
        for node in table.nodes:
            parts.signers[node.node_id] = node.signing.public_key()
        yield Desk(parts, table, nodes, states)
    finally:
        parts.database.close()

"""Tells the other coordinators what this one tells its sockets, and its sockets what they tell.

What cannot be sent is lost and counted: a page that has missed something reads it when it connects again or
looks again.
"""

from __future__ import annotations

import asyncio
from collections import Counter, deque
from contextlib import suppress
from typing import Final
from uuid import UUID

from coordinator.alerts import service as alerts
from coordinator.ground.ids import uuid7
from coordinator.live.told import (
    AlertTold,
    CandidateListens,
    DeviceReplaced,
    FromCoordinator,
    Here,
    NodeChanged,
    SessionOver,
    Told,
)
from coordinator.web_api.parts import Parts
from shared import subjects
from shared.errors import Corrupt, Unavailable
from shared.messages.message import parse
from shared.sealing import pack, unpack, verify_by_one

HERE_EVERY_S: Final = 2.0
GONE_AFTER_S: Final = 60.0
"""Longer than a busy coordinator may be silent: what is not told to one that is still there is lost."""
WAITING: Final = 1_000
ASKED_S: Final = 0.5
"""How long the others have to say that a candidate listens there."""


class Spreading:
    """One coordinator among others. Create it before the hub's link runs."""

    def __init__(self, parts: Parts) -> None:
        self._parts = parts
        self._id = uuid7()
        self._waiting: deque[Told] = deque(maxlen=WAITING)
        self._wake = asyncio.Event()
        self._heard_at: dict[UUID, float] = {}
        self.counts: Counter[str] = Counter()
        """What was told, heard and refused, and what was lost because it could not be sent."""
        parts.rooms.spread = self._told
        parts.rooms.listens_elsewhere = self._listens_elsewhere
        parts.hub.listen(subjects.COORDINATORS, self._hear, shared=False, in_order=True)
        parts.hub.listen(subjects.CANDIDATE_LISTENS, self._asked, shared=False, in_order=True)

    @property
    def others(self) -> int:
        """Number of other coordinators that were heard lately."""
        now = self._parts.clock()
        self._heard_at = {one: at for one, at in self._heard_at.items() if now - at < GONE_AFTER_S}
        return len(self._heard_at)

    async def run(self) -> None:
        """Send until cancelled."""
        while True:
            await self._send(Here())
            until = self._parts.clock() + HERE_EVERY_S
            while (left_s := until - self._parts.clock()) > 0.0:
                with suppress(TimeoutError):
                    await asyncio.wait_for(self._wake.wait(), left_s)
                self._wake.clear()
                while self._waiting:
                    await self._send(self._waiting.popleft())

    def _told(self, told: Told) -> None:
        if not self.others:
            return
        if len(self._waiting) == WAITING:
            self.counts["lost"] += 1
        self._waiting.append(told)
        self._wake.set()

    async def _send(self, told: Told) -> None:
        try:
            await self._parts.hub.publish(subjects.COORDINATORS, self._packed(told))
            self.counts["told"] += told.kind != "here"
        except Unavailable:
            self.counts["lost"] += told.kind != "here"

    async def _hear(self, _: str, message: bytes) -> None:
        said = self._read(message)
        if said is None or said.by == self._id:
            return
        self._heard_at[said.by] = self._parts.clock()
        self.counts["heard"] += said.said.kind != "here"
        rooms = self._parts.rooms
        match said.said:
            case AlertTold() as told:
                if rooms.shows(told.session_id):
                    await self._tell(told)
            case SessionOver(session_id=session_id):
                rooms.end_here(session_id)
            case DeviceReplaced(session_id=session_id, device=device):
                rooms.move_here(session_id, device)
            case NodeChanged(session_id=session_id):
                rooms.reroute_here(session_id)

    async def _tell(self, told: AlertTold) -> None:
        keyring = self._parts.keys.keyring
        try:
            found = await self._parts.reading(lambda db: alerts.opened(db, keyring, [told.alert_id]))
        except Unavailable:
            self.counts["lost"] += 1
            return
        for one in found:
            # A later revision may be stored by now; it is told too, and says the rest.
            if one.session_id == told.session_id:
                self._parts.rooms.tell_here(one.session_id, one.shown, told.revision)

    async def _listens_elsewhere(self, session_id: UUID) -> bool:
        """Whether the session's candidate has an open socket at another coordinator."""
        if not self.others:
            return False
        asked = self._packed(CandidateListens(session_id=session_id))
        try:
            await self._parts.hub.request(subjects.CANDIDATE_LISTENS, asked, timeout_s=ASKED_S)
        except Unavailable:
            return False
        return True

    async def _asked(self, _: str, message: bytes) -> bytes | None:
        said = self._read(message)
        if said is None or said.by == self._id or not isinstance(said.said, CandidateListens):
            return None
        return b"yes" if self._parts.rooms.candidate_listens(said.said.session_id) else None

    def _packed(self, told: Told) -> bytes:
        said = FromCoordinator(by=self._id, said=told)
        return pack(said.model_dump(mode="json"), b"", self._parts.keys.signing)

    def _read(self, message: bytes) -> FromCoordinator | None:
        try:
            parcel = unpack(message)
            verify_by_one(parcel, self._parts.keys.signers)
            return parse(FromCoordinator, parcel.header)
        except Corrupt:
            self.counts["refused"] += 1
            return None

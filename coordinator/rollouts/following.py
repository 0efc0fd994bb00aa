"""Follows the rollout that goes on: notes what nodes tell, and takes the next step when enough was seen."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Iterable
from contextlib import suppress
from typing import Final

from sqlmodel import Session

from coordinator.rollouts import counted_service as counted, service as rollouts
from coordinator.rollouts.counted_service import ToldSession
from coordinator.rollouts.course import Stage, Terms, step
from coordinator.rollouts.sharing import Offered
from coordinator.rollouts.tables import RolloutRow
from coordinator.rollouts_section import RolloutsSection
from coordinator.web_api.parts import Parts
from shared.errors import Unavailable
from shared.messages.heartbeats import Heartbeat

log = logging.getLogger(__name__)

BY: Final = "rollout"
"""Who gives nodes what follows from a rollout."""


async def run(parts: Parts) -> None:
    """Look now and again, until cancelled."""
    while True:
        await asyncio.sleep(parts.config.rollouts.look_every_s)
        with suppress(Unavailable):  # the database is unavailable: the next look finds the same
            await look(parts)


async def look(parts: Parts) -> None:
    """Note what nodes tell of the rollout that goes on, and take its next step if that is due."""
    row = await parts.reading(rollouts.ongoing)
    if row is None:
        return
    beats = [one.heartbeat for one in parts.fleet.online(parts.clock())]
    told = told_of(row.offered, beats)
    terms = terms_of(parts.config.rollouts)
    after = await parts.writing(lambda db: _look(db, parts, row, told, terms))
    if after is not None:
        stage, reason = after
        extra = {"network": row.label, "stage": stage.value, "reason": reason}
        log.warning("a rollout has taken a step", extra=extra)


def told_of(offered: Offered, beats: Iterable[Heartbeat]) -> list[ToldSession]:
    """What these nodes say of the sessions that they compare this version in."""
    return [
        ToldSession(one.session_id, one.epoch, one.compared)
        for beat in beats
        for one in beat.sessions
        if one.shadow == {offered.task: offered.label}
    ]


def terms_of(section: RolloutsSection) -> Terms:
    """How much has to be seen before something is decided."""
    return Terms(**section.model_dump(exclude={"look_every_s"}))


def _look(
    db: Session, parts: Parts, seen: RolloutRow, told: list[ToldSession], terms: Terms
) -> tuple[Stage, str] | None:
    """The stage that begins now and why; None: it stays."""
    row, now_utc = rollouts.ongoing(db, to_change=True), parts.utc_now()
    if row is None or row.id != seen.id:
        return None  # somebody has ended it, and perhaps begun another: nodes have told nothing of that
    if row.stage is Stage.SHADOW:
        counted.note(db, row, told)
    before = row.rollout
    after = step(before, counted.so_far(db, row, now_utc), terms)
    if after == before or (after.stage is Stage.CANARY and rollouts.without_template(db, row, now_utc)):
        return None
    rollouts.put(db, row, after, BY, now_utc)
    return (after.stage, after.reason) if after.stage is not before.stage else None

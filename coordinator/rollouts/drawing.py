"""Gives an exam its version at its first session: it is drawn once, so no class is divided."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from uuid import uuid5

from sqlmodel import Session

from coordinator.nodes.routing import lacks_networks
from coordinator.rollouts import service as rollouts
from coordinator.rollouts.course import has_new
from coordinator.rollouts.service import ExamKey
from coordinator.rollouts.sharing import lacking
from coordinator.rollouts.tables import RolloutRow
from coordinator.web_api.parts import Parts


async def draw(parts: Parts, exam: ExamKey, region_of: Callable[[Session], str | None]) -> None:
    """Store which version an exam has, where a rollout gives one and it has none yet. `region_of`:
    where its session is wanted."""

    def read(db: Session) -> tuple[list[RolloutRow], bool, str | None]:
        if not (undrawn := rollouts.undrawn(db, exam)):
            return [], False, None
        return undrawn, rollouts.runs(db, exam, parts.utc_now()), region_of(db)

    undrawn, began_before, region = await parts.reading(read)
    drawn = [
        (row, label)
        for row in _reaching(undrawn, region)
        if (label := _label(parts, row, exam, region, began_before=began_before))
    ]
    if not drawn:
        return

    def write(db: Session) -> None:
        for row, label in drawn:
            rollouts.keep(db, exam, row, label, parts.utc_now())

    await parts.writing(write)


def _reaching(rows: Iterable[RolloutRow], region: str | None) -> list[RolloutRow]:
    """The first rollout of each task that is not only for other regions; a session without a region may get
    nodes of any."""
    first: dict[str, RolloutRow] = {}
    for row in rows:
        if region is None or row.region in ("", region):
            first.setdefault(row.task, row)
    return list(first.values())


def _label(parts: Parts, row: RolloutRow, exam: ExamKey, region: str | None, *, began_before: bool) -> str:
    """The new version only where every node that could take a session of the exam has it, and only from its
    first session on; empty if no node has the former one either."""
    tenant_id, reference = exam
    share = parts.config.rollouts.canary_share
    drawn = not began_before and has_new(row.rollout, uuid5(tenant_id, reference), share)
    beats = [one.heartbeat for one in parts.fleet.online(parts.clock())]
    here = row.region in ("", region)
    everywhere = any(map(row.offered.reaches, beats)) and not lacking(row.offered, beats)
    if drawn and here and everywhere:
        return row.label
    return "" if all(lacks_networks(beat, {row.former}) for beat in beats) else row.former

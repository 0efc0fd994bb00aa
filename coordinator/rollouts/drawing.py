"""Gives an exam its version at its first session: it is drawn once, so no class is divided."""

from __future__ import annotations

from uuid import uuid5

from sqlmodel import Session

from coordinator.rollouts import service as rollouts
from coordinator.rollouts.course import has_new
from coordinator.rollouts.service import ExamKey
from coordinator.rollouts.sharing import lacking
from coordinator.rollouts.tables import RolloutRow
from coordinator.web_api.parts import Parts


async def draw(parts: Parts, exam: ExamKey, region: str | None) -> None:
    """Store which version an exam has, where a rollout gives one and it has none yet. `region`: where its
    session is wanted."""

    def read(db: Session) -> tuple[list[RolloutRow], bool]:
        undrawn = rollouts.undrawn(db, exam)
        return undrawn, bool(undrawn) and rollouts.runs(db, exam, parts.utc_now())

    undrawn, began_before = await parts.reading(read)
    if not undrawn:
        return
    labels = [(row, row.former if began_before else _label(parts, row, exam, region)) for row in undrawn]

    def write(db: Session) -> None:
        for row, label in labels:
            rollouts.keep(db, exam, row, label, parts.utc_now())

    await parts.writing(write)


def _label(parts: Parts, row: RolloutRow, exam: ExamKey, region: str | None) -> str:
    """The new version only where every node that could take a session of the exam has it."""
    tenant_id, reference = exam
    share = parts.config.rollouts.canary_share
    drawn = has_new(row.rollout, uuid5(tenant_id, reference), share)
    beats = [one.heartbeat for one in parts.fleet.online(parts.clock())]
    here = row.region in ("", region)
    everywhere = bool(beats) and not lacking(row.offered, beats)
    return row.label if drawn and here and everywhere else row.former

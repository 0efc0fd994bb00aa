"""Rollouts in the API's form."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from coordinator.rollouts.course import ONGOING
from coordinator.rollouts.evidence import Pairs
from coordinator.rollouts.sharing import lacking
from coordinator.rollouts.tables import RolloutRow
from shared.api.rollouts import ComparedEvent, RolloutNode, RolloutOut
from shared.messages.heartbeats import Heartbeat


@dataclass(frozen=True, slots=True)
class Standing:
    """What is stored of one rollout."""

    row: RolloutRow
    pairs: Mapping[str, Pairs]
    exams: Counter[str]
    """By version."""
    without_template: int
    """Enrollments that its recogniser has no template of."""


def rollout_out(one: Standing, beats: Sequence[Heartbeat]) -> RolloutOut:
    """A rollout, with what the nodes that are heard do for it."""
    row = one.row
    concerned = [beat for beat in beats if row.offered.reaches(beat)]
    return RolloutOut(
        rollout_id=str(row.id),
        task=row.task,
        network=row.label,
        former=row.former,
        region=row.region or None,
        stage=row.stage.value,
        looks=row.looks,
        reason=row.reason,
        waits_for=_waits_for(one, beats) if row.stage in ONGOING else "",
        made_by=row.made_by,
        began_at=row.began_utc,
        stage_since=row.stage_utc,
        compared=[_event(event, pair) for event, pair in sorted(one.pairs.items())],
        exams_old=one.exams[row.former],
        exams_new=one.exams[row.label],
        nodes=[_node(row, beat) for beat in concerned],
    )


def _waits_for(one: Standing, beats: Sequence[Heartbeat]) -> str:
    without = lacking(one.row.offered, beats)
    said = []
    if without:
        named = ", ".join(str(beat.node_id) for beat in without)
        name = one.row.label.partition("@")[0]
        said.append(f"its weights on {named}: run `proctorctl models fetch --name {name}` there")
    if one.without_template:
        said.append(f"its templates of {one.without_template} enrollments: these candidates enroll again")
    return "; ".join(said)


def _event(event: str, pair: Pairs) -> ComparedEvent:
    return ComparedEvent(
        event=event,
        both=pair.both,
        only_old=pair.only_old,
        only_new=pair.only_new,
        sessions_with_fewer=pair.fewer,
        sessions_with_more=pair.more,
    )


def _node(row: RolloutRow, beat: Heartbeat) -> RolloutNode:
    return RolloutNode(
        node_id=str(beat.node_id),
        region=beat.region,
        at_hand=row.label in beat.at_hand,
        comparing=sum(one.shadow == {row.task: row.label} for one in beat.sessions),
        serving=row.label in beat.models.values(),
    )

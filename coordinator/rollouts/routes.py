"""Rollouts of networks over REST: operators begin and end them; and the versions that an exam has."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Path
from sqlmodel import Session

from coordinator.exams import service as exams
from coordinator.rollouts import counted_service as counted, service as rollouts
from coordinator.rollouts.answers import Standing, rollout_out
from coordinator.rollouts.course import ONGOING, Rollout, Stage, abort, promote
from coordinator.rollouts.service import Wanted
from coordinator.rollouts.sharing import HEARING, Offered, in_service
from coordinator.rollouts.tables import RolloutRow
from coordinator.web_api.openapi import problems
from coordinator.web_api.parts import ExamRef, Now, Parts, PartsDep
from coordinator.web_api.security import Operator, Service
from shared.api.rollouts import (
    ExamNetworksOut,
    ExamNetworksRequest,
    RolloutDecision,
    RolloutOut,
    RolloutRequest,
)
from shared.errors import Rejected
from shared.messages.heartbeats import Heartbeat

router = APIRouter()

RolloutRef = Annotated[UUID, Path(description="The rollout's id.")]


@router.get("/models/rollouts", tags=["models"], responses=problems(401, 403))
async def list_rollouts(claims: Operator, parts: PartsDep, now: Now) -> list[RolloutOut]:
    """The last rollouts, the newest first, with what was counted and what the nodes do for them now."""

    def read(db: Session) -> list[Standing]:
        return [_standing(db, row, now) for row in rollouts.newest(db)]

    found = await parts.reading(read)
    return [rollout_out(one, _beats(parts)) for one in found]


@router.post("/models/rollouts", tags=["models"], responses=problems(401, 403, 409))
async def begin_rollout(body: RolloutRequest, claims: Operator, parts: PartsDep, now: Now) -> RolloutOut:
    """Begin to roll out a version of a network. At first it only sees the same frames as the version in
    force, on the idle capacity of nodes; if both find alike it looks at some exams, each as a whole, and then
    at all. If they differ by more than chance explains, it is taken back."""
    beats = _beats(parts)
    offered = _offered(body, beats)

    def write(db: Session) -> Standing:
        former = rollouts.promoted(db, offered) or serving
        if not former:
            raise Rejected(f"no network serves {offered.task} now", code="network-unknown", status=409)
        if former == offered.label:
            raise _serves(former)
        wanted = Wanted(offered=offered, former=former, made_by=claims.subject)
        return _standing(db, rollouts.begin(db, wanted, now), now)

    serving = in_service(offered.task, [beat for beat in beats if offered.reaches(beat)])
    row = await parts.writing(write)
    return rollout_out(row, beats)


@router.post("/models/rollouts/{rollout_id}/abort", tags=["models"], responses=problems(401, 403, 404, 409))
async def abort_rollout(
    rollout_id: RolloutRef, body: RolloutDecision, claims: Operator, parts: PartsDep, now: Now
) -> RolloutOut:
    """Take a version back, also one that was promoted last. Exams that it looks at go on with the former one,
    each as a whole, within seconds."""

    def write(db: Session) -> Standing:
        row = rollouts.find(db, rollout_id)
        if row.stage is Stage.ABORTED or (row.stage is Stage.PROMOTED and rollouts.is_followed(db, row)):
            raise _over()
        return _put(db, row, abort(row.rollout, body.reason), claims.subject, now)

    return rollout_out(await parts.writing(write), _beats(parts))


@router.post("/models/rollouts/{rollout_id}/promote", tags=["models"], responses=problems(401, 403, 404, 409))
async def promote_rollout(
    rollout_id: RolloutRef, body: RolloutDecision, claims: Operator, parts: PartsDep, now: Now
) -> RolloutOut:
    """Give a version to all exams that begin from now on, whatever was counted so far. Each node makes it its
    own as soon as no session runs there."""

    def write(db: Session) -> Standing:
        row = rollouts.find(db, rollout_id)
        if row.stage not in ONGOING:
            raise _over()
        return _put(db, row, promote(row.rollout), claims.subject, now)

    return rollout_out(await parts.writing(write), _beats(parts))


@router.get("/exams/{exam_id}/networks", tags=["exams"], responses=problems(401, 403, 404))
async def get_exam_networks(exam_id: ExamRef, claims: Service, parts: PartsDep) -> ExamNetworksOut:
    """The versions of networks that look at an exam in place of the nodes' own."""

    def read(db: Session) -> ExamNetworksOut:
        exam = exams.find(db, claims.tenant_id, exam_id)
        return _networks(db, claims.tenant_id, exam.reference)

    return await parts.reading(read)


@router.put("/exams/{exam_id}/networks", tags=["exams"], responses=problems(401, 403, 404, 409))
async def pin_exam_networks(
    exam_id: ExamRef, body: ExamNetworksRequest, claims: Service, parts: PartsDep, now: Now
) -> ExamNetworksOut:
    """Have these versions look at an exam, whatever is rolled out. Its sessions start only on nodes that have
    them; in those that run, open events are closed and all waits start again."""
    for task, label in body.networks.items():
        _check_known(task, label, _beats(parts))

    def write(db: Session) -> ExamNetworksOut:
        exam = exams.find(db, claims.tenant_id, exam_id, to_change=True)
        key = claims.tenant_id, exam.reference
        rollouts.pin(db, key, body.networks, claims.subject, now)
        return _networks(db, *key)

    return await parts.writing(write)


def _offered(body: RolloutRequest, beats: Sequence[Heartbeat]) -> Offered:
    """What is to be rolled out. Raises `Rejected` (409) if that makes no sense now."""
    task = next((beat.at_hand[body.network] for beat in beats if body.network in beat.at_hand), None)
    if task is None:
        raise _unknown(body.network)
    if task in HEARING:
        raise Rejected(
            f"{body.network} listens; only networks that see can be compared, so give it to nodes with "
            "`proctorctl nodes apply`",
            code="network-not-compared",
            status=409,
        )
    offered = Offered(task, body.network, body.region or "")
    concerned = [beat for beat in beats if offered.reaches(beat)]
    if body.network in {label for beat in concerned for label in beat.models.values()}:
        raise _serves(body.network)
    if not any(body.network in beat.at_hand for beat in concerned):
        raise _unknown(body.network)
    return offered


def _check_known(task: str, label: str, beats: Sequence[Heartbeat]) -> None:
    if not any(beat.at_hand.get(label) == task for beat in beats):
        raise _unknown(label)


def _unknown(label: str) -> Rejected:
    return Rejected(
        f"no node that is heard has the weights of {label} for that task; bring them with "
        f"`proctorctl models fetch --name {label.partition('@')[0]}` on each node",
        code="network-unknown",
        status=409,
    )


def _serves(label: str) -> Rejected:
    return Rejected(f"{label} serves already", code="network-serves", status=409)


def _over() -> Rejected:
    return Rejected("that rollout is over", code="rollout-over", status=409)


def _put(db: Session, row: RolloutRow, to: Rollout, by: str, now: Now) -> Standing:
    rollouts.put(db, row, to, by, now)
    return _standing(db, row, now)


def _standing(db: Session, row: RolloutRow, now: Now) -> Standing:
    return Standing(
        row=row,
        pairs=counted.pairs(db, row),
        exams=counted.exams_of(db, row),
        without_template=rollouts.without_template(db, row, now) if row.stage in ONGOING else 0,
    )


def _networks(db: Session, tenant_id: UUID, reference: str) -> ExamNetworksOut:
    found = rollouts.given(db, [(tenant_id, reference)])
    return ExamNetworksOut(exam_id=reference, networks=found.get((tenant_id, reference), {}))


def _beats(parts: Parts) -> list[Heartbeat]:
    return [one.heartbeat for one in parts.fleet.online(parts.clock())]

"""Reads and writes rollouts, and the versions that exams have. Flushes, never commits."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final
from uuid import UUID

from sqlmodel import Session, col, delete, func, select, tuple_, update

from coordinator.desired import service as desired
from coordinator.desired.layers import Layer, Scope
from coordinator.desired.service import Given
from coordinator.enrollments.tables import Enrollment, FaceTemplate
from coordinator.ground.columns import NAME_CHARS
from coordinator.ground.database import insert_once
from coordinator.rollouts.course import ONGOING, Rollout, Stage
from coordinator.rollouts.sharing import Offered
from coordinator.rollouts.tables import ExamNetwork, RolloutRow
from coordinator.sessions.tables import ExamSession
from coordinator.tenants.tables import DEFAULT_TENANT_ID
from shared.errors import Rejected

SHOWN: Final = 20
"""The most rollouts shown, the newest first."""
RECOGNITION: Final = "face-recognition"
"""The manifest's task of recognisers: each compares only with templates of its own."""

ExamKey = tuple[UUID, str]
"""The institution, and its name for the exam."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    """A rollout that somebody begins."""

    offered: Offered
    former: str
    made_by: str


def begin(db: Session, wanted: Wanted, now_utc: datetime) -> RolloutRow:
    """Begin a rollout in the shadow. Raises `Rejected` (409 "rollout-ongoing") while another one goes on."""
    row = RolloutRow(
        tenant_id=DEFAULT_TENANT_ID,
        task=wanted.offered.task,
        label=wanted.offered.label,
        former=wanted.former,
        region=wanted.offered.region,
        stage=Stage.SHADOW,
        ongoing=True,
        made_by=wanted.made_by,
        began_utc=now_utc,
        stage_utc=now_utc,
    )
    if not insert_once(db, row):
        other = ongoing(db)
        raise Rejected(
            f"{'another version' if other is None else other.label} is being rolled out; wait for the end of "
            "that, or abort it",
            code="rollout-ongoing",
            status=409,
        )
    return row


def ongoing(db: Session, *, to_change: bool = False) -> RolloutRow | None:
    """The rollout that goes on."""
    wanted = select(RolloutRow).where(col(RolloutRow.ongoing).is_(True))
    return db.exec(wanted.with_for_update() if to_change else wanted).first()


def find(db: Session, rollout_id: UUID) -> RolloutRow:
    """A rollout, to be changed. Raises `Rejected` (404)."""
    row = db.exec(select(RolloutRow).where(RolloutRow.id == rollout_id).with_for_update()).first()
    if row is None:
        raise Rejected("there is no such rollout", code="rollout-unknown", status=404)
    return row


def newest(db: Session) -> list[RolloutRow]:
    """The last rollouts, the newest first."""
    rows = select(RolloutRow).order_by(col(RolloutRow.began_utc).desc(), col(RolloutRow.id).desc())
    return list(db.exec(rows.limit(SHOWN)))


def put(db: Session, row: RolloutRow, to: Rollout, by: str, now_utc: datetime) -> None:
    """Note how a rollout goes on, and give nodes and exams what follows from it."""
    before = row.stage
    row.stage, row.looks, row.reason = to.stage, to.looks, to.reason[:NAME_CHARS]
    if to.stage is before:
        db.flush()
        return
    row.stage_utc = now_utc
    row.ongoing = True if to.stage in ONGOING else None
    if to.stage is Stage.PROMOTED:
        _give(db, row, row.label, by, now_utc)
    elif to.stage is Stage.ABORTED:
        own = col(ExamNetwork.rollout_id) == row.id, col(ExamNetwork.label) == row.label
        db.execute(update(ExamNetwork).where(*own).values(label=row.former))
        if before is Stage.PROMOTED:
            _give(db, row, row.former, by, now_utc)
    db.flush()


def compared(db: Session) -> Offered | None:
    """The version that is at the stage of the shadow."""
    row = ongoing(db)
    return row.offered if row is not None and row.stage is Stage.SHADOW else None


def given(db: Session, exams: Collection[ExamKey]) -> dict[ExamKey, dict[str, str]]:
    """The versions that these exams have, by task."""
    if not exams:
        return {}
    key = tuple_(col(ExamNetwork.tenant_id), col(ExamNetwork.exam_reference))
    found: dict[ExamKey, dict[str, str]] = {}
    for row in db.exec(select(ExamNetwork).where(key.in_(list(exams)))):
        found.setdefault((row.tenant_id, row.exam_reference), {})[row.task] = row.label
    return found


def pinned(db: Session, exam: ExamKey) -> frozenset[str]:
    """The versions that somebody has pinned this exam to. Those that it has of a rollout keep none of its
    sessions from starting."""
    tenant_id, reference = exam
    own = ExamNetwork.tenant_id == tenant_id, ExamNetwork.exam_reference == reference
    return frozenset(db.exec(select(ExamNetwork.label).where(*own, col(ExamNetwork.rollout_id).is_(None))))


def undrawn(db: Session, exam: ExamKey) -> list[RolloutRow]:
    """The rollouts that give versions of tasks of which this exam has none yet; see `_giving`."""
    has = given(db, [exam]).get(exam, {})
    return [row for row in _giving(db) if row.task not in has]


def promoted(db: Session, offered: Offered) -> str:
    """The version of its task that a rollout has given to all its nodes before; empty if none has."""
    reaching = (
        row.label
        for row in _giving(db)
        if row.stage is Stage.PROMOTED and row.task == offered.task and row.region in ("", offered.region)
    )
    return next(reaching, "")


def is_followed(db: Session, row: RolloutRow) -> bool:
    """Whether another rollout of its task to nodes of its own has begun since, and was not aborted."""
    later = select(RolloutRow.region).where(
        RolloutRow.task == row.task,
        col(RolloutRow.began_utc) > row.began_utc,
        col(RolloutRow.stage) != Stage.ABORTED,
    )
    return any(row.region == region or "" in (row.region, region) for region in db.exec(later))


def runs(db: Session, exam: ExamKey, now_utc: datetime) -> bool:
    """Whether a session of this exam runs already."""
    tenant_id, reference = exam
    running = select(ExamSession.id).where(
        ExamSession.tenant_id == tenant_id,
        ExamSession.exam_reference == reference,
        col(ExamSession.ended_utc).is_(None),
        col(ExamSession.expires_utc) > now_utc,
    )
    return db.exec(running.limit(1)).first() is not None


def keep(db: Session, exam: ExamKey, row: RolloutRow, label: str, now_utc: datetime) -> None:
    """Keep the version that an exam has drawn, unless another request came first."""
    tenant_id, reference = exam
    drawn = ExamNetwork(
        tenant_id=tenant_id,
        exam_reference=reference,
        task=row.task,
        label=label,
        rollout_id=row.id,
        given_by=row.made_by,
        given_utc=now_utc,
    )
    insert_once(db, drawn)


def pin(db: Session, exam: ExamKey, networks: Mapping[str, str], by: str, now_utc: datetime) -> None:
    """Give an exam these versions by hand, in place of those pinned or drawn before."""
    tenant_id, reference = exam
    own = col(ExamNetwork.tenant_id) == tenant_id, col(ExamNetwork.exam_reference) == reference
    pinned = col(ExamNetwork.rollout_id).is_(None)
    db.execute(delete(ExamNetwork).where(*own, pinned | col(ExamNetwork.task).in_(list(networks))))
    for task, label in sorted(networks.items()):
        db.add(
            ExamNetwork(
                tenant_id=tenant_id,
                exam_reference=reference,
                task=task,
                label=label,
                given_by=by,
                given_utc=now_utc,
            )
        )
    db.flush()


def without_template(db: Session, row: RolloutRow, now_utc: datetime) -> int:
    """How many enrollments that count have no template of a new recogniser; 0 for any other network."""
    if row.task != RECOGNITION:
        return 0
    has = select(FaceTemplate.enrollment_id).where(FaceTemplate.recogniser == row.label)
    lacking = select(func.count()).where(
        col(Enrollment.in_force_utc).is_not(None),
        col(Enrollment.expires_utc) > now_utc,
        col(Enrollment.id).not_in(has),
    )
    return db.exec(lacking).one()


def _give(db: Session, row: RolloutRow, label: str, by: str, now_utc: datetime) -> None:
    """Have nodes serve the task with this version, beside what was given to them before. They take no
    recogniser so; exams have a promoted one by their own rows."""
    if row.task == RECOGNITION:
        return
    scope = _scope(row)
    before = next((one for one in desired.layers(db) if (one.scope, one.target) == (scope, row.region)), None)
    desired.give(
        db,
        Given(
            scope=scope,
            target=row.region,
            settings={} if before is None else before.settings,
            weights={**({} if before is None else before.weights), row.task: label},
            reason=f"rollout of {row.label}: {row.stage.value}",
            made_by=by,
        ),
        now_utc,
    )


def _giving(db: Session) -> list[RolloutRow]:
    """The last rollout of each task and region that gives exams a version, the newest first. What an operator
    has given to nodes since a version was promoted counts before it."""
    giving = col(RolloutRow.stage).in_([Stage.CANARY, Stage.PROMOTED])
    each = col(RolloutRow.task), col(RolloutRow.region)
    last = select(func.max(RolloutRow.began_utc)).where(giving).group_by(*each)
    rows = db.exec(
        select(RolloutRow)
        .where(col(RolloutRow.began_utc).in_(last), giving)
        .order_by(col(RolloutRow.began_utc).desc())
    ).all()
    layers = desired.layers(db) if rows else []
    return [row for row in rows if row.stage is Stage.CANARY or _stands(row, layers)]


def _stands(row: RolloutRow, layers: Sequence[Layer]) -> bool:
    """Whether a promoted version is still what its nodes are given. They are given no recogniser."""
    own = _scope(row), row.region
    serving = next((one.weights.get(row.task) for one in layers if (one.scope, one.target) == own), None)
    return row.task == RECOGNITION or serving == row.label


def _scope(row: RolloutRow) -> Scope:
    return Scope.REGION if row.region else Scope.ALL

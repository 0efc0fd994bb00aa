"""Retention over REST: what is due when, what was erased, and erasing now."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Annotated

from fastapi import APIRouter, Query
from pydantic import BaseModel, ConfigDict, Field
from sqlmodel import Session

from coordinator.ground.ids import uuid7
from coordinator.retention import running, service as retention
from coordinator.retention.answers import Counts, items_out, report_out, run_out
from coordinator.retention.planning import Item
from coordinator.retention.running import Asked
from coordinator.web_api.openapi import problems
from coordinator.web_api.parts import Now, PartsDep
from coordinator.web_api.security import Auditor, Dpo
from shared.api.retention import (
    RetentionPlanOut,
    RetentionReportOut,
    RetentionRunOut,
    RetentionRunRequest,
)
from shared.errors import Rejected
from shared.fields import Day, Utc
from shared.retention import Kept

router = APIRouter(prefix="/retention", tags=["privacy"])

REPORTED = timedelta(days=30)


class PlanParams(BaseModel):
    """Query parameters."""

    model_config = ConfigDict(extra="forbid")

    at: Utc | None = None
    """The instant to plan for; by default now."""
    limit: Annotated[int, Field(ge=0, le=10_000)] = 100
    """The most items to list."""


class ReportParams(BaseModel):
    """Query parameters; by default the last 30 days."""

    model_config = ConfigDict(extra="forbid")

    since: Day | None = None
    until: Day | None = None
    """The last day."""


@router.get("/plan", responses=problems(401, 403))
async def get_retention_plan(
    wanted: Annotated[PlanParams, Query()], claims: Auditor, parts: PartsDep, now: Now
) -> RetentionPlanOut:
    """What would be erased now, or at another instant; what is kept back, and why; and what is due later.
    Erases nothing."""
    at = wanted.at or now
    counts = {kept: Counts(kept) for kept in Kept}
    due: list[Item] = []
    async for items in running.looked(parts, claims.tenant_id, at):
        for one in items:
            counts[one.kept].add(one, at)
        due += [one for one in items if one.is_due(at)][: wanted.limit + 1 - len(due)]
    shown = due[: wanted.limit]
    return RetentionPlanOut(
        at=at,
        classes=[one.out() for one in counts.values()],
        items=await parts.reading(lambda db: items_out(db, shown)),
        more=len(due) > len(shown),
    )


@router.get("/report", responses=problems(401, 403))
async def get_retention_report(
    wanted: Annotated[ReportParams, Query()], claims: Auditor, parts: PartsDep, now: Now
) -> RetentionReportOut:
    """How much was erased, by day and class."""
    until = wanted.until or now.date()
    since = wanted.since or until - min(REPORTED, until - date.min)

    def work(db: Session) -> RetentionReportOut:
        rows = retention.report(db, claims.tenant_id, since, until)
        return report_out(retention.last_erasing(db, now), rows)

    return await parts.reading(work)


@router.post("/run", responses=problems(401, 403, 409))
async def run_retention(body: RetentionRunRequest, claims: Dpo, parts: PartsDep, now: Now) -> RetentionRunOut:
    """Erase now what is due in the institution. It happens by itself every hour."""
    asked = Asked(uuid7(), now, tenant_id=claims.tenant_id, most=body.persons)
    erased = await running.erase_due(parts, asked)
    if erased is None:
        raise Rejected("what is due is being erased already", code="retention-running", status=409)
    return run_out(erased, claims.tenant_id)

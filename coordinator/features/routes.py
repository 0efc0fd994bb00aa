"""GET /features/export: an exam's log of features as a table without names."""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from datetime import datetime
from functools import partial
from typing import Annotated, Final
from uuid import UUID, uuid4

from fastapi import APIRouter, Query
from fastapi.responses import StreamingResponse
from sqlmodel import Session

from coordinator.exams import service as exams
from coordinator.features import export_service as export
from coordinator.features.table import csv_head, csv_lines, in_order
from coordinator.web_api.openapi import problems
from coordinator.web_api.parts import Now, Parts, PartsDep
from coordinator.web_api.security import Admin
from shared.fields import Reference

router = APIRouter(prefix="/features", tags=["features"])

CSV: Final = "text/csv"


@router.get(
    "/export",
    response_class=StreamingResponse,
    responses={**problems(401, 403, 404), 200: {"content": {CSV: {}}}},
)
async def export_features(
    exam_id: Annotated[Reference, Query(description="The exam.")], claims: Admin, parts: PartsDep, now: Now
) -> StreamingResponse:
    """What was logged in an exam of candidates who agreed to it: one line per session and window of 5 s.

    Persons and sessions have random ids, which are others in each table. People's verdicts are the labels:
    findings that were confirmed or dismissed, by their kind. A window without measurements is a line with
    `gap` 1; what was not known in a window is empty, never zero.
    """

    def work(db: Session) -> Sequence[UUID]:
        found = export.sessions_of(db, claims.tenant_id, exam_id)
        if not found:  # sessions may name an exam that nobody has created
            exams.find(db, claims.tenant_id, exam_id)
        return found

    found = await parts.reading(work)
    named = {"Content-Disposition": 'attachment; filename="features.csv"', "Cache-Control": "no-store"}
    return StreamingResponse(_table(parts, found, now), media_type=CSV, headers=named)


async def _table(parts: Parts, session_ids: Sequence[UUID], now: datetime) -> AsyncIterator[str]:
    secret = uuid4()
    yield csv_head()
    for session_id in in_order(session_ids, secret):
        one = partial(export.logged, keyring=parts.keys.keyring, session_id=session_id, now_utc=now)
        yield csv_lines(await parts.reading(one), secret)

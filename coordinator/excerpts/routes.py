"""GET /api/v1/alerts/{event_id}/excerpt: the speech around a phrase, while the session runs."""

from __future__ import annotations

from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Path, Response

from coordinator.excerpts import service as excerpts
from coordinator.web_api.openapi import problems
from coordinator.web_api.parts import Now, PartsDep
from coordinator.web_api.security import Reviewer
from shared.api.alerts import ExcerptOut

router = APIRouter(tags=["alerts"])


@router.get("/alerts/{event_id}/excerpt", responses=problems(401, 403, 404, 410))
async def get_excerpt(
    event_id: Annotated[UUID, Path(description="The alert's event_id.")],
    claims: Reviewer,
    parts: PartsDep,
    now: Now,
    response: Response,
) -> ExcerptOut:
    """The speech around a phrase of the exam's list, if exam and candidate agreed to speech recognition.

    For reviewers, and only while the session runs: its key is destroyed at the end.
    """
    keyring = parts.keys.keyring
    found = await parts.reading(lambda db: excerpts.read(db, keyring, claims.tenant_id, event_id, now))
    response.headers["Cache-Control"] = "no-store"
    return ExcerptOut(event_id=str(event_id), **found.model_dump())

"""The public notice over REST, and as a page. Nobody needs a token to read it."""

from __future__ import annotations

from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Query
from fastapi.responses import HTMLResponse
from sqlmodel import Session

from coordinator.openness import facts
from coordinator.openness.facts import Institution
from coordinator.openness.networks import cards
from coordinator.openness.page import written_out
from coordinator.tenants import service as tenants
from coordinator.tenants.answers import rules_out
from coordinator.web_api.headers import reading_policy
from coordinator.web_api.openapi import problems
from coordinator.web_api.pages import NO_DEVICES
from coordinator.web_api.parts import Parts, PartsDep
from shared.api.openness import OpennessOut

router = APIRouter(prefix="/privacy", tags=["privacy"])
page_router = APIRouter()

InstitutionId = Annotated[
    UUID | None, Query(description="An institution's tenant_id; without it, what is the same for all.")
]


@router.get("/notice", responses=problems(404))
async def get_privacy_notice(parts: PartsDep, institution: InstitutionId = None) -> OpennessOut:
    """How the software works, for everybody to read: who decides, what is looked for, with which networks and
    what was measured of them, how long what is kept, and what people may do.

    With an institution, on which lawful basis it relies for each purpose. No figure stands here without what
    it was measured on.
    """
    return await _notice(parts, institution)


@page_router.get("/how-it-works", include_in_schema=False)
async def show_how_it_works(parts: PartsDep, institution: InstitutionId = None) -> HTMLResponse:
    """The same as a page."""
    headers = {"Content-Security-Policy": reading_policy(), "Permissions-Policy": NO_DEVICES}
    return HTMLResponse(written_out(await _notice(parts, institution)), headers=headers)


async def _notice(parts: Parts, institution: UUID | None) -> OpennessOut:
    in_use = {
        label for state in parts.fleet.online(parts.clock()) for label in state.heartbeat.models.values()
    }

    if institution is None:
        return facts.notice(cards(), in_use)

    def found(db: Session) -> Institution:
        row = tenants.find(db, institution)
        bases = {rule.purpose: rule.basis for rule in rules_out(row) if rule.basis is not None}
        return Institution(row.name, bases)

    return facts.notice(cards(), in_use, await parts.reading(found))

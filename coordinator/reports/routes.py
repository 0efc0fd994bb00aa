"""GET /api/v1/session/{id}/report in three forms, and the bundle for a hearing."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Callable
from datetime import datetime
from typing import Any, TypeVar

from fastapi import APIRouter, Response
from sqlmodel import Session

from coordinator.reports.facts import Gathered, report
from coordinator.reports.gathering import gather
from coordinator.reports.hearing import Printed, bundle, report_json
from coordinator.reports.html_form import CONTENT_POLICY, as_html
from coordinator.reports.pdf_form import as_pdf
from coordinator.reports.wording import document
from coordinator.sessions import service as sessions
from coordinator.web_api.openapi import problems
from coordinator.web_api.parts import Now, Parts, PartsDep, SessionRef
from coordinator.web_api.rates import check_rate
from coordinator.web_api.security import Staff
from shared.api.reports import SessionReport
from shared.events.types import EventClass
from shared.evidence import data_url
from shared.tokens import Claims

T = TypeVar("T")

_STILLS_OF = (EventClass.CONDUCT, EventClass.IDENTITY)

router = APIRouter(prefix="/session/{session_id}", tags=["reports"])
_REFUSALS = problems(401, 403, 404)


def _form(media_type: str) -> dict[int | str, dict[str, Any]]:
    return {200: {"content": {media_type: {}}}}


@router.get("/report", response_model=SessionReport, responses=_REFUSALS)
async def get_report(session_id: SessionRef, claims: Staff, parts: PartsDep, now: Now) -> Response:
    """What was observed in a session, what people decided, and what is unknown, as canonical JSON.

    While the session runs, `final` is false. The other forms and the bundle have small pictures.
    """
    data = await _made(parts, claims, session_id, now, lambda gathered: report_json(report(gathered, now)))
    return Response(data, media_type="application/json")


@router.get("/report.html", response_class=Response, responses=_form("text/html") | _REFUSALS)
async def get_report_html(session_id: SessionRef, claims: Staff, parts: PartsDep, now: Now) -> Response:
    """The report as one self-contained HTML file, with a timeline picture."""
    text = await _made(parts, claims, session_id, now, lambda gathered: _printed(gathered, now).html)
    headers = _named(session_id, "report.html") | {"Content-Security-Policy": CONTENT_POLICY}
    return Response(text, media_type="text/html", headers=headers)


@router.get("/report.pdf", response_class=Response, responses=_form("application/pdf") | _REFUSALS)
async def get_report_pdf(session_id: SessionRef, claims: Staff, parts: PartsDep, now: Now) -> Response:
    """The report as PDF, with a timeline picture."""
    data = await _made(parts, claims, session_id, now, lambda gathered: _printed(gathered, now).pdf)
    return Response(data, media_type="application/pdf", headers=_named(session_id, "report.pdf"))


@router.get("/hearing-bundle", response_class=Response, responses=_form("application/zip") | _REFUSALS)
async def get_hearing_bundle(session_id: SessionRef, claims: Staff, parts: PartsDep, now: Now) -> Response:
    """A zip for a hearing: the report, every alert as canonical JSON with its hash, one signature of
    everything, and a script that verifies it offline and says what it cannot check."""

    def made(gathered: Gathered) -> bytes:
        return bundle(_printed(gathered, now), gathered.stored, gathered.policy, parts.keys.signing)

    data = await _made(parts, claims, session_id, now, made)
    return Response(data, media_type="application/zip", headers=_named(session_id, "hearing.zip"))


async def _made(
    parts: Parts, claims: Claims, reference: str, now_utc: datetime, make: Callable[[Gathered], T]
) -> T:
    check_rate(parts.rates.report, claims.bearer, parts.clock())

    def work(db: Session) -> Gathered:
        return gather(db, parts.keys.keyring, sessions.find(db, claims.tenant_id, reference), now_utc)

    async with parts.reporting:
        gathered = await parts.reading(work)
        return await asyncio.to_thread(make, gathered)


def _printed(gathered: Gathered, now_utc: datetime) -> Printed:
    made = report(gathered, now_utc)
    stills = {
        str(one.alert.event_id): data_url(one.jpeg)
        for one in gathered.stored
        if one.jpeg is not None and one.alert.event_class in _STILLS_OF
    }
    blocks, title = document(made, stills), f"Session {made.session.session_id}"
    return Printed(made, as_html(title, blocks), as_pdf(title, blocks))


def _named(reference: str, form: str) -> dict[str, str]:
    """A file name in which an institution's identifier cannot form a path or a header."""
    plain = re.sub(r"[^A-Za-z0-9._-]", "_", reference).strip(".")
    return {"Content-Disposition": f'attachment; filename="{plain}.{form}"'}

"""Access over REST: everything about one person as a zip, and what is known of it at a glance."""

from __future__ import annotations

import base64
import json
import re
from datetime import datetime
from functools import partial
from typing import Any, Final
from uuid import UUID

from fastapi import APIRouter
from fastapi.responses import StreamingResponse
from sqlmodel import Session

from coordinator.candidates import service as candidates
from coordinator.candidates.tables import Candidate
from coordinator.consents import service as consents
from coordinator.consents.answers import word_out
from coordinator.ground.keyring import Keyring
from coordinator.holds import service as holds
from coordinator.privacy import about_service as about, export_service as export, requests_service as requests
from coordinator.privacy.answers import requests_out
from coordinator.privacy.archive import Files, zipped
from coordinator.privacy.export_service import Person
from coordinator.privacy.shown import About, page
from coordinator.tenants import service as tenants
from coordinator.tenants.answers import rules_out
from coordinator.web_api.openapi import problems
from coordinator.web_api.parts import CandidateRef, Now, Parts, PartsDep
from coordinator.web_api.security import CandidateOrSession, Dpo
from shared.api.privacy import ExportRequest, HoldStatus, OwnPrivacyOut, PrivacyStatusOut
from shared.fields import format_utc

router = APIRouter(prefix="/privacy", tags=["privacy"])

ZIP: Final = "application/zip"
MOST_CONSENTS: Final = 200
NOT_OWN: Final = frozenset({"answers", "holds"})
"""What a candidate's page does not count: copies of answers that go within a day, and the institution's legal
holds."""


@router.post(
    "/export",
    response_class=StreamingResponse,
    responses={**problems(401, 403, 404), 200: {"content": {ZIP: {}}}},
)
async def export_person(body: ExportRequest, claims: Dpo, parts: PartsDep, now: Now) -> StreamingResponse:
    """Everything that is stored about a person: JSON by kind, pictures, sound, and a readable page. Sealed
    values are opened; other people are not named."""

    def opened(db: Session) -> tuple[Person, About]:
        whose = export.person(db, claims.tenant_id, body.candidate_id)
        made = About(
            candidate_id=whose.reference,
            candidate_uuid=str(whose.candidate_id),
            institution=tenants.find(db, claims.tenant_id).name,
            made_at=format_utc(now),
            made_by=f"{claims.subject} ({claims.role})",
            made_for=body.made_for,
        )
        return whose, made

    # Written, so that the audit log has it before anything is sent.
    whose, made = await parts.writing(opened)
    plain = re.sub(r"[^A-Za-z0-9._-]", "_", whose.reference).strip(".")
    named = {"Content-Disposition": f'attachment; filename="{plain}.zip"', "Cache-Control": "no-store"}
    return StreamingResponse(zipped(_files(parts, whose, made)), media_type=ZIP, headers=named)


@router.get("/status/{candidate_id}", responses=problems(401, 403, 404))
async def get_privacy_status(
    candidate_id: CandidateRef, claims: Dpo, parts: PartsDep, now: Now
) -> PrivacyStatusOut:
    """What is stored about a person, on which lawful basis, what it said about it, and what keeps it from
    being erased."""

    def work(db: Session) -> PrivacyStatusOut:
        candidate = candidates.known(db, claims.tenant_id, candidate_id)
        return _status(db, parts.keys.keyring, candidate, now)

    return await parts.reading(work)


@router.get("/own", responses=problems(401, 403, 404))
async def get_own_privacy(claims: CandidateOrSession, parts: PartsDep) -> OwnPrivacyOut:
    """What is stored about the candidate that asks, and what became of its requests to be erased; for its
    page."""

    def work(db: Session) -> OwnPrivacyOut:
        candidate = candidates.known(db, claims.tenant_id, claims.subject)
        whose = export.person(db, candidate.tenant_id, candidate.reference)
        stored = about.stored(db, candidate.tenant_id, candidate.id, whose.session_ids)
        stored["sessions"] = len(whose.session_ids)
        asked = requests.of_candidate(db, candidate)
        return OwnPrivacyOut(
            candidate_id=candidate.reference,
            known_since=candidate.created_utc,
            stored={kind: stored[kind] for kind in sorted(stored) if stored[kind] and kind not in NOT_OWN},
            requests=requests_out(asked, {candidate.id: candidate.reference}),
        )

    return await parts.reading(work)


def _status(db: Session, keyring: Keyring, candidate: Candidate, now: datetime) -> PrivacyStatusOut:
    whose = export.person(db, candidate.tenant_id, candidate.reference)
    said, _ = consents.history(db, candidate, None, MOST_CONSENTS)
    shown = sorted(consents.acknowledged(db, candidate), key=lambda word: word.at_utc, reverse=True)
    asked = requests.of_candidate(db, candidate)
    found = holds.on_person(db, candidate.tenant_id, candidate.id, now)
    why = holds.reasons(db, keyring, [one.id for one in found])
    stored = about.stored(db, candidate.tenant_id, candidate.id, whose.session_ids)
    return PrivacyStatusOut(
        candidate_id=candidate.reference,
        candidate_uuid=str(candidate.id),
        known_since=candidate.created_utc,
        consents=[word_out(word) for word in said],
        acknowledgements=[word_out(word) for word in shown],
        lawful_bases=rules_out(tenants.find(db, candidate.tenant_id)),
        requests=requests_out(asked, {candidate.id: candidate.reference}),
        holds=[HoldStatus(hold_id=str(one.id), reason=why[one.id], until=one.until_utc) for one in found],
        stored={kind: count for kind, count in sorted(stored.items()) if count},
    )


async def _files(parts: Parts, whose: Person, made: About) -> Files:
    keyring = parts.keys.keyring
    found = await parts.reading(partial(export.rows, keyring=keyring, whose=whose))
    clips = 0
    for row in found["alerts"]:
        said = await parts.reading(
            partial(
                export.spoken,
                keyring=keyring,
                whose=whose,
                alert_id=UUID(row["id"]),
                now_utc=parts.utc_now(),
            )
        )
        if isinstance(row["body"], dict):
            row["body"].pop("sealed_excerpt", None)
        if said is not None:
            row["spoken"] = {"phrases": said.phrases, "text": said.text, "duration_s": said.duration_s}
            clips += 1
            yield f"sounds/{row['id']}.ogg", base64.b64decode(said.clip)
    pictures = 0
    for picture_id in await parts.reading(partial(export.pictures, whose=whose)):
        jpeg = await parts.reading(
            partial(export.picture, keyring=keyring, whose=whose, picture_id=picture_id)
        )
        if jpeg is not None:
            pictures += 1
            yield f"pictures/{picture_id}.jpg", jpeg
    for name, rows in found.items():
        yield f"{name}.json", _json(rows)
    yield "about.json", _json({one: getattr(made, one) for one in About.__slots__})
    counts = {name: len(rows) for name, rows in found.items()}
    yield "index.html", page(made, counts, pictures, clips).encode()


def _json(value: Any) -> bytes:
    return (json.dumps(value, ensure_ascii=False, indent=1) + "\n").encode()

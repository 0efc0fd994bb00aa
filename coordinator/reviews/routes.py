"""Acts on incidents over REST. Reviewing is for people: proctors and administrators."""

from __future__ import annotations

from uuid import UUID

from fastapi import APIRouter
from sqlmodel import Session

from coordinator.alerts import service as alerts
from coordinator.ground.keyring import Keyring
from coordinator.idempotency.asked import AskedOnce
from coordinator.idempotency.desk import Desk, DeskDep
from coordinator.idempotency.doing import once
from coordinator.incidents import service as incidents
from coordinator.incidents.answers import incident_out
from coordinator.incidents.routes import IncidentId
from coordinator.incidents.states import State
from coordinator.incidents.tables import Incident
from coordinator.reviews import reading_service as reading, service as reviews
from coordinator.reviews.effect import Told
from coordinator.reviews.outcomes import outcome_out
from coordinator.reviews.rescore import rescored_incidents, rescored_session
from coordinator.reviews.service import Deed
from coordinator.reviews.states import Act, DismissReason
from coordinator.sessions import details_service as details, service as sessions
from coordinator.sessions.answers import status_of
from coordinator.web_api.openapi import problems
from coordinator.web_api.parts import Now, PartsDep, SessionRef
from coordinator.web_api.security import CandidateOrSession, Staff, StaffOrSession, check_own_session
from shared.api.incidents import (
    AppealDecision,
    AppealRequest,
    CommentRequest,
    ConfirmRequest,
    DismissRequest,
    IncidentOut,
    OutcomeOut,
    OutcomesOut,
    RescoreOut,
    RescoreRequest,
)
from shared.policy.schema import parse_policy

router = APIRouter(tags=["incidents"])
_REFUSALS = problems(401, 403, 404, 409, 410)


@router.post("/incidents/{incident_id}/claim", responses=_REFUSALS)
async def claim_incident(incident_id: IncidentId, desk: DeskDep) -> IncidentOut:
    """Reserve an incident for 15 minutes; claiming it again restarts them."""
    return await _do(desk, incident_id, Deed(Act.CLAIM, desk.claims))


@router.post("/incidents/{incident_id}/release", responses=_REFUSALS)
async def release_incident(incident_id: IncidentId, desk: DeskDep) -> IncidentOut:
    """Give an incident back to the queue without a verdict."""
    return await _do(desk, incident_id, Deed(Act.RELEASE, desk.claims))


@router.post("/incidents/{incident_id}/comment", responses=_REFUSALS)
async def comment_incident(incident_id: IncidentId, desk: DeskDep, body: CommentRequest) -> IncidentOut:
    """Add a comment to an incident's history."""
    return await _do(desk, incident_id, Deed(Act.COMMENT, desk.claims, body.text))


@router.post("/incidents/{incident_id}/confirm", responses=_REFUSALS)
async def confirm_incident(incident_id: IncidentId, desk: DeskDep, body: ConfirmRequest) -> IncidentOut:
    """Confirm an incident. This takes two people: after the first it waits for the second (`seconding`)."""
    deed = Deed(Act.CONFIRM, desk.claims, body.text, shown=body.alert_count, findings=body.findings)
    return await _do(desk, incident_id, deed)


@router.post("/incidents/{incident_id}/dismiss", responses=_REFUSALS)
async def dismiss_incident(incident_id: IncidentId, desk: DeskDep, body: DismissRequest) -> IncidentOut:
    """Dismiss an incident with a reason; one person is enough."""
    reason = DismissReason(body.reason)
    reviews.check_reason(reason, body.text)
    deed = Deed(Act.DISMISS, desk.claims, body.text, reason, body.alert_count, body.findings)
    return await _do(desk, incident_id, deed)


@router.post("/incidents/{incident_id}/reopen", responses=_REFUSALS)
async def reopen_incident(incident_id: IncidentId, desk: DeskDep, body: CommentRequest) -> IncidentOut:
    """Take back a verdict, with a reason: your own, or any verdict on an incident that has new alerts since.

    Administrators may take back any verdict. A candidate who was told the verdict is told that it was taken
    back.
    """
    return await _do(desk, incident_id, Deed(Act.REOPEN, desk.claims, body.text))


@router.post("/incidents/{incident_id}/undo", responses=_REFUSALS)
async def undo_verdict(incident_id: IncidentId, desk: DeskDep) -> IncidentOut:
    """Undo your own latest verdict before it takes effect (`effective_at`), as if it had not been given."""
    return await _do(desk, incident_id, Deed(Act.UNDO, desk.claims))


@router.post("/incidents/{incident_id}/appeal", responses=_REFUSALS)
async def appeal_incident(
    incident_id: IncidentId,
    body: AppealRequest,
    claims: CandidateOrSession,
    asked: AskedOnce,
    parts: PartsDep,
    now: Now,
) -> OutcomeOut:
    """Appeal against a confirmed incident of your own session, once."""

    def work(db: Session) -> OutcomeOut:
        found = incidents.find(db, claims.tenant_id, incident_id)
        check_own_session(claims, found.session.id, found.candidate.reference)
        found = reviews.do(db, parts.keys.keyring, incident_id, Deed(Act.APPEAL, claims, body.text), now)
        stored = incidents.opened(db, parts.keys.keyring, found.incident)
        return outcome_out(found.incident, Told(State.APPEALED), [one.alert for one in stored])

    return await once(parts, asked, OutcomeOut, work, lambda _: claims.subject)


@router.post("/incidents/{incident_id}/appeal/decide", responses=_REFUSALS)
async def decide_appeal(incident_id: IncidentId, desk: DeskDep, body: AppealDecision) -> IncidentOut:
    """Decide an appeal; not allowed for anyone who gave a verdict on the incident before."""
    return await _do(
        desk, incident_id, Deed(Act(body.decision), desk.claims, body.text, shown=body.alert_count)
    )


@router.get("/session/{session_id}/outcomes", responses=problems(401, 403, 404))
async def get_outcomes(
    session_id: SessionRef, claims: StaffOrSession, parts: PartsDep, now: Now
) -> OutcomesOut:
    """The decisions about a session in plain words, as its candidate is told after its end."""

    def work(db: Session) -> OutcomesOut:
        found, keyring = sessions.find(db, claims.tenant_id, session_id), parts.keys.keyring
        check_own_session(claims, found.session.id, found.candidate.reference)
        over = status_of(found.session, now) != "active"
        told = reading.told_of_session(db, found.session, now) if over else {}
        rows = [row for row in incidents.of_session(db, found.session) if row.id in told]
        items = [_outcome(db, keyring, row, told[row.id]) for row in rows]
        return OutcomesOut(session_id=session_id, items=items)

    return await parts.reading(work)


@router.post("/session/{session_id}/rescore", responses=problems(401, 403, 404, 410))
async def rescore_session(
    session_id: SessionRef, body: RescoreRequest, claims: Staff, parts: PartsDep
) -> RescoreOut:
    """Severities of a session's stored alerts under another policy, beside the original ones; stores nothing.

    The candidate's accommodation also applies to the other policy.
    """
    policy = parse_policy(body.policy)

    def work(db: Session) -> RescoreOut:
        found = sessions.find(db, claims.tenant_id, session_id)
        alerts.count_within_bounds(db, found.session, "session-too-large")
        stored = alerts.timeline(db, parts.keys.keyring, found.session)
        agreed = details.effective_policy(db, parts.keys.keyring, found.session).candidate
        theirs = policy.model_copy(update={"candidate": agreed})
        scored = rescored_session([one.alert for one in stored], theirs)
        homes = incidents.homes(db, found.session)
        return RescoreOut(session_id=session_id, alerts=scored, incidents=rescored_incidents(scored, homes))

    return await parts.reading(work)


def _outcome(db: Session, keyring: Keyring, incident: Incident, told: Told) -> OutcomeOut:
    """Also lists what was noticed in the findings that the verdict is about."""
    alerts = [one.alert for one in incidents.opened(db, keyring, incident)]
    if told.verdict_id is not None:
        about = reading.findings(db, told.verdict_id)
        alerts = [one for one in alerts if one.event_id in about]
    return outcome_out(incident, told, alerts)


async def _do(desk: Desk, incident_id: UUID, deed: Deed) -> IncidentOut:
    def work(db: Session) -> IncidentOut:
        return incident_out(reviews.do(db, desk.parts.keys.keyring, incident_id, deed, desk.now_utc))

    return await desk.once(IncidentOut, work, lambda answer: answer.candidate_id)

"""The policy of a running session over REST: read it, or put another one in force."""

from __future__ import annotations

from fastapi import APIRouter
from sqlmodel import Session

from coordinator.sessions import service as sessions
from coordinator.sessions.changing import telling
from coordinator.web_api.openapi import problems
from coordinator.web_api.parts import Now, PartsDep, SessionRef
from coordinator.web_api.security import Admin, StaffOrPrivacy
from shared.api.sessions import SessionPolicyOut, SessionPolicyRequest

router = APIRouter(prefix="/session/{session_id}", tags=["sessions"])


@router.get("/policy", responses=problems(401, 403, 404))
async def get_session_policy(
    session_id: SessionRef, claims: StaffOrPrivacy, parts: PartsDep
) -> SessionPolicyOut:
    """A session's policy, and who changed it while the session was running."""

    def work(db: Session) -> SessionPolicyOut:
        return telling.policy_out(db, parts, sessions.find(db, claims.tenant_id, session_id).session)

    return await parts.reading(work)


@router.put("/policy", responses=problems(401, 403, 404, 409, 410))
async def change_session_policy(
    session_id: SessionRef, body: SessionPolicyRequest, claims: Admin, parts: PartsDep, now: Now
) -> SessionPolicyOut:
    """Put another policy in force in a running session: an administrator's act, with a reason, recorded.

    Its node acknowledges it, later alerts have its version, and every rule and baseline starts again. It may
    have fewer purposes than the candidate was told of, never more (409 `purposes-grow`). If it no longer
    recognises speech, earlier speech excerpts can no longer be opened.
    """
    return await telling.change_policy(parts, claims, session_id, body, now)

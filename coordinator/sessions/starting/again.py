"""Start a running session again on its node, from what is stored: after a node lost its memory in a restart.

The same assignment goes out under the same epoch, so a node that has the session after all answers as before.
"""

from __future__ import annotations

import logging
from datetime import UTC, datetime

from sqlmodel import Session

from coordinator.enrollments import service as enrollments
from coordinator.enrollments.tables import Enrollment
from coordinator.evidence import service as evidence
from coordinator.excerpts import service as excerpts
from coordinator.keys import service as keys
from coordinator.nodes import asking
from coordinator.sessions import service as sessions
from coordinator.sessions.service import Found
from coordinator.tokens import key_service as token_keys
from coordinator.web_api.parts import Parts
from shared.errors import ProctorError
from shared.messages import StartSession, Template

log = logging.getLogger(__name__)


async def resume(parts: Parts, found: Found) -> bool:
    """Order the session again; False when that failed, which the next round mends."""
    session = found.session
    places = {"node_id": session.node_id, "session_id": session.id}
    try:
        order = await parts.reading(lambda db: assignment(db, parts, found, datetime.now(UTC)))
        await asking.start(parts.commander, session.node_id, order)
    except ProctorError as error:
        log.warning("a session was not taken up again", extra=places | {"error": type(error).__name__})
        return False
    log.info("a node takes up a session again", extra=places)
    return True


def assignment(db: Session, parts: Parts, found: Found, now_utc: datetime) -> StartSession:
    """What its node is to know of a running session now. Raises `Corrupt` for a lost key."""
    session, candidate = found.session, found.candidate
    signer = token_keys.of_session(db, parts.keys, session.tenant_id, session.token_kid)
    seal_key = keys.get(db, session.tenant_id, session.seal_key_id)
    transcript_key = excerpts.living_key(db, session)
    evidence_key = evidence.living_key(db, session)
    return StartSession(
        session_id=session.id,
        tenant_id=session.tenant_id,
        epoch=session.epoch,
        exam_session_id=session.reference,
        candidate_id=candidate.reference,
        exam_id=session.exam_reference,
        policy=sessions.effective_policy(db, parts.keys.keyring, session),
        templates=_templates(db, parts, found),
        seal_key_id=seal_key.id,
        seal_key=seal_key.public_key or "",
        transcript_key_id=transcript_key.id if transcript_key else None,
        transcript_key=transcript_key.public_key if transcript_key else None,
        evidence_key_id=evidence_key.id if evidence_key else None,
        evidence_key=evidence_key.public_key if evidence_key else None,
        token_key=signer.public_text,
        expires_utc=session.expires_utc,
        elapsed_s=max(0.0, (now_utc - session.started_utc).total_seconds()),
        paused=session.paused_utc is not None,
    )


def _templates(db: Session, parts: Parts, found: Found) -> tuple[Template, ...]:
    """Those it started with; an enrollment cannot be erased under a running session."""
    if found.session.enrollment_id is None:
        return ()
    row = db.get_one(Enrollment, found.session.enrollment_id)
    return enrollments.templates_of(db, parts.keys.keyring, row).templates

"""Bodies of the REST API for the audit log."""

from __future__ import annotations

from shared.api.bodies import Response
from shared.fields import Utc


class AuditEntryOut(Response):
    """One act: who did what, when and from where, and what came of it."""

    number: int
    """Its place in the institution's log."""
    at: Utc
    act: str
    """The operation's name in this description, or what no request asked for: `store_alerts`, `move_session`,
    `deliver`."""
    role: str
    """The role of the token; `link`: a candidate with a session's link; `node`: an edge node."""
    subject: str | None
    """Who: the subject of the token. None for candidates, whose id is below, and after the entry's key was
    destroyed."""
    address: str | None
    node_id: str | None
    candidate_id: str | None
    """Whom it was about. None where it was about nobody, or that person is erased."""
    exam_session_id: str | None
    destination_id: str | None = None
    """The institution's system to which something was sent."""
    outcome: str
    """`done`, or `refused` or `failed` with the status of the answer or another word."""
    amount: int
    request_id: str
    """Entries of one request have the same."""


class AuditPage(Response):
    items: list[AuditEntryOut]
    next_cursor: str | None

"""Single-use tickets: how a page opens a socket without its token in a URL.

Tickets live in this process's memory for 30 s; a coordinator that restarts in between makes the page ask
again.
"""

from __future__ import annotations

import secrets
from collections import OrderedDict
from dataclasses import dataclass
from typing import Final

from shared.errors import Rejected
from shared.tokens import Claims

LIFETIME_S: Final = 30
MAX_TICKETS: Final = 10_000
"""Waiting at once; the oldest gives way, and its page asks again."""
_TICKET_BYTES: Final = 32


@dataclass(frozen=True, slots=True)
class _Ticket:
    claims: Claims
    reference: str
    expires_at: float


class Tickets:
    """Tickets made and not yet used. The caller passes a monotonic `now` in seconds."""

    def __init__(self, max_tickets: int = MAX_TICKETS) -> None:
        self._max_tickets = max_tickets
        self._waiting: OrderedDict[str, _Ticket] = OrderedDict()

    def issue(self, claims: Claims, reference: str, now: float) -> str:
        """A new ticket of this bearer for the socket of this session (its exam_session_id)."""
        self._forget_expired(now)
        text = secrets.token_urlsafe(_TICKET_BYTES)
        self._waiting[text] = _Ticket(claims, reference, now + LIFETIME_S)
        if len(self._waiting) > self._max_tickets:
            self._waiting.popitem(last=False)
        return text

    def redeem(self, text: str, reference: str, now: float) -> Claims:
        """Whose ticket it is; afterwards it is used up, also when it was for another session.

        Raises `Rejected` (401 `ticket-invalid`) for one that is unknown, used, expired or another session's.
        """
        ticket = self._waiting.pop(text, None)
        if ticket is None or ticket.expires_at <= now or ticket.reference != reference:
            raise Rejected(
                "the ticket is unknown, used or expired; ask for a new one", code="ticket-invalid", status=401
            )
        return ticket.claims

    def _forget_expired(self, now: float) -> None:
        while self._waiting and next(iter(self._waiting.values())).expires_at <= now:
            self._waiting.popitem(last=False)

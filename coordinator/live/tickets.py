"""Single-use tickets: a page opens a socket without its token in a URL.

Tickets live in this process's memory for 30 s; after a restart of the coordinator the page must ask again.
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
"""The limit of unused tickets; then the oldest is dropped, and its page asks again."""
_TICKET_BYTES: Final = 32


@dataclass(frozen=True, slots=True)
class _Ticket:
    claims: Claims
    reference: str
    expires_at: float


class Tickets:
    """Issued, unused tickets. The caller passes a monotonic `now` in seconds."""

    def __init__(self, max_tickets: int = MAX_TICKETS) -> None:
        self._max_tickets = max_tickets
        self._waiting: OrderedDict[str, _Ticket] = OrderedDict()

    def issue(self, claims: Claims, reference: str, now: float) -> str:
        """Issue a ticket to this bearer for the socket of this session (its exam_session_id)."""
        self._forget_expired(now)
        text = secrets.token_urlsafe(_TICKET_BYTES)
        self._waiting[text] = _Ticket(claims, reference, now + LIFETIME_S)
        if len(self._waiting) > self._max_tickets:
            self._waiting.popitem(last=False)
        return text

    def redeem(self, text: str, reference: str, now: float) -> Claims:
        """Use up a ticket, even if it is for another session; returns its bearer.

        Raises `Rejected` (401 `ticket-invalid`) if it is unknown, used, expired or for another session.
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

"""Single-use tickets: a page opens a socket without its token in a URL.

A ticket has its bearer's claims inside, sealed under a key that all coordinators of an installation have, so
that any of them can open it; `tickets_service` notes those that were used.
"""

from __future__ import annotations

import base64
import os
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final
from uuid import UUID

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF
from pydantic import TypeAdapter, ValidationError

from coordinator.ground.ids import uuid7
from shared.errors import Rejected
from shared.sealing import private_bytes
from shared.tokens import Claims

LIFETIME_S: Final = 30
MAX_TICKET_CHARS: Final = 4_096
_NONCE_BYTES: Final = 12
_KEY_BYTES: Final = 32


@dataclass(frozen=True, slots=True)
class Ticket:
    """An opened ticket."""

    ticket_id: UUID
    claims: Claims
    expires_utc: datetime


_TICKET: Final = TypeAdapter(Ticket)


def ticket_key(token_key: Ed25519PrivateKey) -> bytes:
    """The key of tickets, derived from the one that signs access tokens (RFC 5869)."""
    derived = HKDF(SHA256(), _KEY_BYTES, salt=None, info=b"proctor live tickets")
    return derived.derive(private_bytes(token_key))


class Tickets:
    """Issues and opens tickets."""

    def __init__(self, key: bytes) -> None:
        self._cipher = AESGCM(key)

    def issue(self, claims: Claims, reference: str, now_utc: datetime) -> str:
        """Issue a ticket to this bearer for the socket of this session (its exam_session_id)."""
        ticket = Ticket(uuid7(), claims, now_utc + timedelta(seconds=LIFETIME_S))
        nonce = os.urandom(_NONCE_BYTES)
        sealed = self._cipher.encrypt(nonce, _TICKET.dump_json(ticket), reference.encode())
        return base64.urlsafe_b64encode(nonce + sealed).decode().rstrip("=")

    def open(self, text: str, reference: str, now_utc: datetime) -> Ticket:
        """Open a ticket; whether it was used is not known here.

        Raises `Rejected` (401 `ticket-invalid`) if it is not one of ours, expired or for another session.
        """
        ticket = self._opened(text, reference)
        if ticket is None or ticket.expires_utc <= now_utc:
            raise invalid()
        return ticket

    def _opened(self, text: str, reference: str) -> Ticket | None:
        if len(text) > MAX_TICKET_CHARS:
            return None
        try:
            sealed = base64.b64decode(text + "=" * (-len(text) % 4), altchars=b"-_", validate=True)
            plain = self._cipher.decrypt(sealed[:_NONCE_BYTES], sealed[_NONCE_BYTES:], reference.encode())
            return _TICKET.validate_json(plain)
        except (ValueError, InvalidTag, ValidationError):
            return None


def invalid() -> Rejected:
    """The refusal of a ticket."""
    return Rejected(
        "the ticket is unknown, used or expired; ask for a new one", code="ticket-invalid", status=401
    )

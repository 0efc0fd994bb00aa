"""Verifies this coordinator's own tokens. It knows the keys, the revoked tokens and the institutions, and
follows the database.

A change made through this process takes effect at once, one made through another replica within `INTERVAL_S`.
While the database cannot be reached, the last known state is used.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import Final

from coordinator.tokens.validity import Validity
from shared.errors import Unavailable
from shared.tokens import Audience, Claims, hint, verify

INTERVAL_S: Final = 5.0


class Verifier:
    """Verifies tokens; one per application."""

    def __init__(
        self, first: Validity, read: Callable[[], Awaitable[Validity]], interval_s: float = INTERVAL_S
    ) -> None:
        """`first` is used until the first `read` of the database."""
        self._validity = first
        self._read = read
        self._interval_s = interval_s

    def verify(self, token: str) -> Claims:
        """The claims of a token. Raises `Rejected` (401)."""
        key = self._validity.key(hint(token).key_id)
        claims = verify(token, key, audience=Audience.COORDINATOR)
        self._validity.check(claims)
        return claims

    def check(self, claims: Claims) -> None:
        """Raises `Rejected` (401) if a verified token is no longer valid."""
        self._validity.check(claims)

    def check_standing(self, claims: Claims) -> None:
        """Raises `Rejected` (401) if an external issuer's token is for an unknown or disabled institution."""
        self._validity.institutions.check(claims)

    async def refresh(self) -> None:
        """Read the state from the database. Raises `Unavailable` if it cannot be reached."""
        self._validity = await self._read()

    async def run(self) -> None:
        """Follow the database until cancelled."""
        while True:
            await asyncio.sleep(self._interval_s)
            try:
                await self.refresh()
            except Unavailable:
                continue

"""Bounds how many offers are answered at a time, of each session and in all.

An answer takes some hundredths of a second of the event loop. Of a hundred at once, the last would wait until
its page has given up, so those beyond the bound are refused before any work is done for them.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final

from edge.sessions.port import AssignmentId
from shared.errors import Rejected

OFFERS_AT_ONCE: Final = 16
"""The most offers of all sessions, for each process that answers them: about a second of work."""
OFFERS_OF_SESSION: Final = 2
"""The most offers of one session: a page may connect again while its former offer still waits."""
AGAIN_AFTER_S: Final = 2


class Answering:
    """The offers that are being answered."""

    def __init__(self, most: int) -> None:
        """`most`: in all."""
        self._most = most
        self._of: Counter[AssignmentId] = Counter()

    def check(self) -> None:
        """Raises `Rejected` (429) if no other offer may be answered now."""
        if self._of.total() >= self._most:
            raise _refused("this node answers many offers now")

    @contextmanager
    def one(self, session: AssignmentId) -> Iterator[None]:
        """Count an offer until it is answered. Raises `Rejected` (429) if there are too many."""
        self.check()
        if self._of[session] >= OFFERS_OF_SESSION:
            raise _refused("earlier offers of this session are still being answered")
        self._of[session] += 1
        try:
            yield
        finally:
            self._of[session] -= 1
            if not self._of[session]:
                del self._of[session]


def _refused(reason: str) -> Rejected:
    return Rejected(
        f"{reason}; wait {AGAIN_AFTER_S} s",
        code="too-many-requests",
        status=429,
        retry_after_s=AGAIN_AFTER_S,
    )

"""Refuses ICE candidates that may not be tried, whether they come in the offer or one by one.

All candidates of a connection pass through aioice's `add_remote_candidate`, where they are checked. A refused
one is left out and counted, and the call goes on with the others: browsers name such addresses without a bad
purpose.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Awaitable, Callable, Iterable
from typing import Any, Final

from aioice import Candidate

from edge.media.addresses import Reach, objection

MOST: Final = 16
"""The most addresses tried for one connection; each costs some datagrams."""

Add = Callable[[Candidate | None], Awaitable[None]]


class Candidates:
    """The ICE candidates of one connection."""

    def __init__(self, reach: Reach) -> None:
        self._reach = reach
        self._tried: set[tuple[str, int]] = set()
        self.refused: Counter[str] = Counter()
        """Candidates left out, by reason."""

    def guard(self, connections: Iterable[Any]) -> None:
        """Check all candidates that these aioice connections get from now on."""
        for ice in connections:
            ice.add_remote_candidate = self._checked(ice.add_remote_candidate)

    def _checked(self, add: Add) -> Add:
        async def checked(candidate: Candidate | None) -> None:
            reason = None if candidate is None else self._objection(candidate)
            if reason is None:
                await add(candidate)
            else:
                self.refused[reason] += 1

        return checked

    def _objection(self, candidate: Candidate) -> str | None:
        place = (candidate.host, candidate.port)
        reason = objection(candidate.host, candidate.port, candidate.transport, self._reach)
        if reason is None and place not in self._tried:
            if len(self._tried) >= MOST:
                return "too-many"
            self._tried.add(place)
        return reason

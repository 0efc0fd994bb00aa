"""Has a session's frames looked at by another version too, while its order says so and the node is not busy.

What is not looked at in time is left out for both versions, and after a while without a frame both begin
anew. A failure in here ends only the comparison.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping
from typing import Final

from edge.analysis.levels import LevelInForce
from edge.analysis.perception import Seen
from edge.media.frames import VideoFrame
from edge.media.latest import Latest
from edge.sessions.shadow import Shadow
from shared.messages.sessions import StartSession
from shared.messages.versions import Tally, Versions, together

log = logging.getLogger(__name__)

WAITING: Final = 4
"""The most frames that wait for the other version; each holds a picture."""
FORGETS_AFTER_S: Final = 5.0
"""After so long without a frame, what both have seen before is no longer compared."""


class Comparing:
    """What one session compares. Use on one event loop."""

    def __init__(
        self, order: StartSession, make: Callable[[StartSession], Shadow | None], level: LevelInForce
    ) -> None:
        """`make` makes the other version's sight as an order says."""
        self._make = make
        self._level = level
        self._frames: Latest[tuple[VideoFrame, Seen]] = Latest(WAITING)
        self._order = order
        self._versions: Versions = order.shadow
        """Those that were counted last."""
        self._counted: Mapping[str, Tally] = {}
        self._shadow = make(order)
        self._last_s: float | None = None

    @property
    def tallies(self) -> dict[str, Tally]:
        """By event, how far the versions agreed so far; also when they are no longer compared."""
        return together(self._counted, {} if self._shadow is None else self._shadow.tallies)

    def use(self, order: StartSession) -> None:
        """Compare as this order says from now on, anew; what was counted of the same versions stays."""
        counted = self.tallies
        if order.shadow and order.shadow != self._versions:
            self._versions, counted = order.shadow, {}
        self._order, self._counted, self._last_s = order, counted, None
        self._frames.clear()
        self._shadow = self._make(order)

    def take(self, frame: VideoFrame, seen: Seen) -> None:
        """Note a frame that the version in force has looked at."""
        if self._shadow is not None and not self._level.lowered:
            self._frames.put((frame, seen))

    async def run(self) -> None:
        """Compare what was noted, until cancelled."""
        while (one := await self._frames.get()) is not None:
            frame, seen = one
            if self._last_s is not None and frame.at_s - self._last_s > FORGETS_AFTER_S:
                self.use(self._order)
            self._last_s, shadow = frame.at_s, self._shadow
            if shadow is None:
                continue
            # It must not end the session that it only looks at, whatever the version or the comparison does.
            try:
                await shadow.look(frame, seen)
            except Exception:
                log.exception("a comparison has failed", extra={"session_id": str(self._order.session_id)})
                self._counted, self._shadow = self.tallies, None

"""Opens networks again whose calls are stuck, and counts stuck calls that belong to no network."""

from __future__ import annotations

from collections import deque
from collections.abc import Sequence
from time import monotonic

from edge.analysis.engine import MAX_RUN_S
from models.remedy import MAX_RESTARTS, RESTART_WINDOW_S
from models.runtime import Network


class Restarts:
    """The engine's latest restarts."""

    def __init__(self, networks: Sequence[Network] = (), stuck_s: float = MAX_RUN_S / 2) -> None:
        """A network is stuck when a call has run for `stuck_s`: less than the engine waits, because one call
        of the engine may run several networks, one after another."""
        self._networks = networks
        self._stuck_s = stuck_s
        self._at: deque[float] = deque(maxlen=MAX_RESTARTS + 1)

    def watch(self, networks: Sequence[Network]) -> None:
        """Open these anew from now on when they are stuck, and no others."""
        self._networks = networks

    def stuck(self, _: str) -> bool:
        """Note that the engine was restarted now because of a stuck call. Returns whether networks are opened
        again, so that the next call may succeed."""
        reopened = [network.recover_if_stuck(self._stuck_s) for network in self._networks]
        if not any(reopened):
            self._at.append(monotonic())
        return any(reopened)

    def too_many(self, now: float) -> bool:
        """Whether the last minute had too many restarts."""
        return sum(now - at <= RESTART_WINDOW_S for at in self._at) > MAX_RESTARTS

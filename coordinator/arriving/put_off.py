"""Limits how many messages of one node may wait in the stream for redelivery. Pure.

The stream delivers only a limited number of unsettled messages (`MAX_ACK_PENDING`). Without this limit a node
that sends alerts of unknown sessions would use them all, and no other node's alerts would arrive.
"""

from __future__ import annotations

import heapq
from collections import defaultdict
from typing import Final
from uuid import UUID

from coordinator.nodes.stream import MAX_ACK_PENDING

SHARE: Final = MAX_ACK_PENDING // 8
"""The limit per node. Messages above it are left to the node's outbox: no mark covers them, so it sends them
again."""


class PutOff:
    """The postponed messages, by node and redelivery time; `now` is monotonic seconds."""

    def __init__(self, share: int = SHARE) -> None:
        self._share = share
        self._due: defaultdict[UUID, list[float]] = defaultdict(list)

    def admit(self, node_id: UUID, delay_s: float, now: float) -> bool:
        """Whether one more may wait for this long; if so, it counts as waiting."""
        due = self._due[node_id]
        while due and due[0] <= now:
            heapq.heappop(due)
        if len(due) >= self._share:
            return False
        heapq.heappush(due, now + delay_s)
        return True

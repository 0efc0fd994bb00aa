"""How many messages of one node may wait in the stream to come again. Pure.

The stream hands out only so many unsettled messages (`MAX_ACK_PENDING`). A node that sends alerts of sessions
nobody knows would take them all, and no other node's alerts would come through.
"""

from __future__ import annotations

import heapq
from collections import defaultdict
from typing import Final
from uuid import UUID

from coordinator.nodes.stream import MAX_ACK_PENDING

SHARE: Final = MAX_ACK_PENDING // 8
"""Of one node. What is above is given back to its outbox: no mark covers it, so the node sends it again."""


class PutOff:
    """The messages put off, by node and the time they come again; `now` is monotonic seconds."""

    def __init__(self, share: int = SHARE) -> None:
        self._share = share
        self._due: defaultdict[UUID, list[float]] = defaultdict(list)

    def admit(self, node_id: UUID, delay_s: float, now: float) -> bool:
        """Whether one more may wait for so long; it then counts as waiting."""
        due = self._due[node_id]
        while due and due[0] <= now:
            heapq.heappop(due)
        if len(due) >= self._share:
            return False
        heapq.heappush(due, now + delay_s)
        return True

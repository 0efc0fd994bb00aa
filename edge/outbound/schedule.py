"""Decides what one lane sends to the hub next, and when. Pure: only sequences and seconds.

    fresh ──due──> in flight ──sent──> acknowledged ──covered──> forgotten
      backlog ─┘      │ failed             │ the coordinator's mark stands still
         retry <──────┘                    └──> again

New alerts are sent at once. Alerts from before the present connection are backlog and are delayed, so that a
fleet does not return all at once. A failed send is repeated with growing pauses. The coordinator commits in
its own time: only if its marks arrive but do not advance are the lowest acknowledged alerts sent again, a few
at a time and less and less often. This repairs a lost stream and does not flood a slow one.
"""

from __future__ import annotations

import heapq
from collections import deque
from collections.abc import Iterable
from typing import Any, Final

FIRST_RETRY_S: Final = 1.0
LONGEST_RETRY_S: Final = 30.0
LONGEST_RESEND_S: Final = 300.0
RESEND_AT_ONCE: Final = 64
"""Alerts sent again in one round."""


class LaneSchedule:
    """Tracks the sequences of one lane on their way.

    The caller reports every sequence from `due` by `sent`, `failed` or `gone`; sequences are forgotten when
    `covered`.
    """

    def __init__(self, waiting: Iterable[int], *, resend_after_s: float) -> None:
        """`waiting`: the sequences an earlier run left, ascending."""
        self.mark = 0
        self._resend_after_s = resend_after_s
        self._fresh: deque[tuple[int, float]] = deque()
        self._backlog: deque[int] = deque(waiting)
        self._backlog_from = float("inf")
        self._retry: list[tuple[float, int]] = []
        self._again: deque[int] = deque()
        self._acknowledged: dict[int, float] = {}
        self._sends: dict[int, int] = {}
        self._failures: dict[int, int] = {}
        self._added: dict[int, float] = {}
        """When those not yet acknowledged were added in this run."""
        self._flying = 0
        self._still_since = float("-inf")
        self._patience_s = resend_after_s

    def added(self, sequence: int, now: float) -> None:
        """A new alert is in the outbox."""
        self._fresh.append((sequence, now))
        self._added[sequence] = now

    def connected(self, since: float, backlog_from: float) -> None:
        """The hub is connected since a time; older alerts may be sent from `backlog_from` on."""
        late = [sequence for _, sequence in self._retry] + list(self._again)
        while self._fresh and self._fresh[0][1] < since:
            late.append(self._fresh.popleft()[0])
        self._retry.clear()
        self._again.clear()
        self._backlog = deque(sorted({*self._backlog, *late}))
        self._backlog_from = backlog_from

    def due(self, now: float, limit: int) -> list[int]:
        """At most `limit` sequences to send now; they count as in flight."""
        chosen: list[int] = []
        while len(chosen) < limit:
            sequence = self._next(now)
            if sequence is None:
                break
            if sequence > self.mark:
                self._sends[sequence] = self._sends.get(sequence, 0) + 1
                self._flying += 1
                chosen.append(sequence)
        return chosen

    def resends(self, sequence: int) -> int:
        """How often an alert in flight was acknowledged before; its message id must differ each time."""
        return self._sends.get(sequence, 1) - 1

    def sent(self, sequence: int, now: float) -> float | None:
        """The hub acknowledged it. Returns the seconds since it was added; None if it was added in an earlier
        run, or acknowledged before."""
        self._flying -= 1
        self._failures.pop(sequence, None)
        if sequence > self.mark:
            self._acknowledged[sequence] = now
        added_at = self._added.pop(sequence, None)
        return None if added_at is None else now - added_at

    def failed(self, sequence: int, now: float) -> None:
        """It was not acknowledged; the next try keeps its message id, so the hub can tell a duplicate."""
        self._flying -= 1
        if sequence <= self.mark:
            return
        failures = self._failures[sequence] = self._failures.get(sequence, 0) + 1
        self._sends[sequence] -= 1
        pause_s = min(FIRST_RETRY_S * 2.0 ** min(failures - 1, 10), LONGEST_RETRY_S)
        heapq.heappush(self._retry, (now + pause_s, sequence))

    def gone(self, sequence: int) -> None:
        """The outbox no longer holds it."""
        self._flying -= 1
        self._sends.pop(sequence, None)
        self._failures.pop(sequence, None)
        self._added.pop(sequence, None)

    def covered(self, mark: int, now: float) -> None:
        """A mark of the coordinator has arrived, advanced or not."""
        if mark > self.mark:
            for kept in (self._acknowledged, self._sends, self._failures, self._added):
                _forget(kept, self.mark, mark)
            self.mark = mark
            self._still_since, self._patience_s = now, self._resend_after_s
        elif now - self._still_since >= self._patience_s:
            self._send_again(now)

    @property
    def hurried(self) -> bool:
        """Whether a new alert waits or is in flight."""
        return bool(self._fresh) or self._flying > 0

    def deadline(self) -> float | None:
        """When `due` may next return something; None if nothing waits only for time."""
        if self._fresh or self._again:
            return float("-inf")
        times = [self._retry[0][0]] if self._retry else []
        times += [self._backlog_from] if self._backlog else []
        soonest = min(times, default=float("inf"))
        return None if soonest == float("inf") else soonest

    def _next(self, now: float) -> int | None:
        if self._fresh:
            return self._fresh.popleft()[0]
        if self._again:
            return self._again.popleft()
        if self._retry and self._retry[0][0] <= now:
            return heapq.heappop(self._retry)[1]
        if self._backlog and now >= self._backlog_from:
            return self._backlog.popleft()
        return None

    def _send_again(self, now: float) -> None:
        lowest = heapq.nsmallest(RESEND_AT_ONCE, self._acknowledged)
        overdue = [one for one in lowest if now - self._acknowledged[one] >= self._resend_after_s]
        for sequence in overdue:
            del self._acknowledged[sequence]
        self._again.extend(overdue)
        if overdue:
            self._still_since = now
            self._patience_s = min(2 * self._patience_s, LONGEST_RESEND_S)


def _forget(kept: dict[int, Any], after: int, mark: int) -> None:
    few = mark - after <= len(kept)
    for sequence in range(after + 1, mark + 1) if few else [one for one in kept if one <= mark]:
        kept.pop(sequence, None)

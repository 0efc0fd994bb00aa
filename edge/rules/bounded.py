"""Limits the alerts of each event to `MOST` a minute. The last of them stands for all that follow.

That last alert stays open while the event is raised again: each repeat is counted in it and makes no alert of
its own. When fewer than `MOST` alerts are left in the last minute, it is cleared, with the end of the last
repeat and the number of repeats.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Annotated

from edge.rules.episode import MAX_LISTED, MAX_VALUES
from edge.rules.findings import Finding, Phase, Scalar
from shared.events.types import EventType
from shared.saving import AtMost, Count

MOST = 12
"""The most alerts of one event in `WITHIN_S`. With the shortest waits an event is raised every 4 or 5 s."""
WITHIN_S = 60.0


@dataclass(slots=True)
class StandInState:
    """The open alert that counts the repeats of its event."""

    onset_s: float
    raised_s: float
    again: Count = 0
    """The number of repeats."""
    ended_s: float | None = None
    """End of the last repeat; None while it lasts."""
    confidence: float = 1.0
    unseen_s: float = 0.0
    evidence: Annotated[
        dict[str, Scalar | Annotated[list[Scalar], AtMost(MAX_LISTED)]], AtMost(MAX_VALUES)
    ] = field(default_factory=dict)


@dataclass(slots=True)
class BoundedState:
    """When each event's last alerts were raised, and the alerts that stand for others."""

    raised_s: dict[EventType, Annotated[deque[float], AtMost(MOST)]] = field(default_factory=dict)
    stand_ins: dict[EventType, StandInState] = field(default_factory=dict)


class Bounded:
    """Passes each event's findings on, up to the limit."""

    __slots__ = ("_state",)

    def __init__(self, state: BoundedState) -> None:
        self._state = state

    def holding(self) -> dict[EventType, float]:
        """The open alerts that stand for others, each with its onset."""
        return {event: each.onset_s for event, each in self._state.stand_ins.items()}

    def passed(self, findings: Sequence[Finding], now: float) -> list[Finding]:
        """The findings that become alerts now, and the ends of alerts that stood for others."""
        if not findings and not self._state.stand_ins:
            return []
        told = [finding for each in findings if (finding := self._passed(each)) is not None]
        return [*told, *self._ended(now)] if self._state.stand_ins else told

    def forget(self, events: Iterable[EventType]) -> None:
        """These events' alerts are over, untold."""
        for event in events:
            self._state.stand_ins.pop(event, None)

    def finish(self, findings: Iterable[Finding]) -> list[Finding]:
        """The session's last findings, and the ends of all alerts that stood for others."""
        told = [finding for each in findings if (finding := self._passed(each)) is not None]
        own = self._state
        return told + [
            self._over(event) for event, each in sorted(own.stand_ins.items()) if each.ended_s is not None
        ]

    def _passed(self, finding: Finding) -> Finding | None:
        stand_in = self._state.stand_ins.get(finding.event)
        if stand_in is not None:
            _absorb(stand_in, finding)
            return None
        if finding.phase is Phase.RAISED:
            self._note(finding)
        return finding

    def _note(self, finding: Finding) -> None:
        """Note an alert. The last one within the limit stands for those that follow."""
        own, at = self._state, finding.raised_s
        before = own.raised_s.setdefault(finding.event, deque(maxlen=MOST))
        while before and at - before[0] >= WITHIN_S:
            before.popleft()
        before.append(at)
        if len(before) == MOST:
            own.stand_ins[finding.event] = StandInState(finding.onset_s, finding.raised_s)

    def _ended(self, now: float) -> list[Finding]:
        own = self._state
        over = [
            event
            for event, each in sorted(own.stand_ins.items())
            if each.ended_s is not None and now - own.raised_s[event][0] >= WITHIN_S
        ]
        return [self._over(event) for event in over]

    def _over(self, event: EventType) -> Finding:
        own = self._state.stand_ins.pop(event)
        again = {"raised_again": own.again} if own.again else {}
        return Finding(
            event=event,
            phase=Phase.CLEARED,
            onset_s=own.onset_s,
            raised_s=own.raised_s,
            at_s=max(own.raised_s, own.raised_s if own.ended_s is None else own.ended_s),
            confidence=own.confidence,
            evidence={**own.evidence, **again},
            unseen_s=own.unseen_s,
        )


def _absorb(own: StandInState, finding: Finding) -> None:
    if finding.phase is Phase.RAISED:
        own.again += 1
        own.ended_s = None
        return
    own.ended_s = finding.at_s
    own.confidence = finding.confidence
    own.unseen_s += finding.unseen_s
    own.evidence = {
        name: [*each] if isinstance(each, list) else each for name, each in finding.evidence.items()
    }

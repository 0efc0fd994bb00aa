"""The alert that a session has moved, and why: technical, without severity. Pure.

It is open from the move until the next node watches.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Final

from coordinator.nodes.assignments import Because
from coordinator.sessions.milestones import Subject, neutral_alert
from shared.alerts import Alert
from shared.events.table import EVENTS
from shared.events.types import EventType

EVENT: Final = EventType.NODE_FAILOVER
WHY: Final = {
    Because.SILENT: "Its former node did not answer.",
    Because.ASKED: "The candidate's page could not reach its former node.",
    Because.DRAINED: "An operator emptied its former node.",
    Because.REVOKED: "An operator revoked its former node.",
    Because.LOW: "Its former node was overloaded and looked less often than the exam accepts.",
}
_AFTER_MOVE: Final = timedelta(milliseconds=1)
"""Apart from the alert of the move itself."""


def failover_alert(subject: Subject, since_utc: datetime, at_utc: datetime, because: Because) -> Alert:
    """The open alert of a move. `since_utc`: when the former node was heard last."""
    onset = min(max(since_utc, subject.started_utc), at_utc)
    made = neutral_alert(subject, EVENT, at_utc, explanation="", message="")
    changes = {"onset": onset, "cleared": None, "evidence": {"because": because.value}}
    return _lasting(made.model_copy(update=changes), at_utc)


def ended_failover(alert: Alert, over_utc: datetime) -> Alert:
    """The alert when the next node watches."""
    over_utc = max(over_utc, alert.raised)
    return _lasting(alert.model_copy(update={"cleared": over_utc}), over_utc)


def stays_alert(subject: Subject, last_utc: datetime, asked: int, within_s: float) -> Alert:
    """The alert that a session is not moved any more although its page asks for it. `last_utc`: its last
    move; there is one alert for each."""
    return neutral_alert(
        subject,
        EVENT,
        last_utc + _AFTER_MOVE,
        explanation=(
            f"The candidate's page has asked for another node {asked} times within {within_s / 60:.0f} "
            "minutes although its node answered; the session now stays there. The candidate's own connection "
            "may be the reason."
        ),
        message="",
        evidence={"moves_asked": asked, "within_seconds": within_s},
    )


def _lasting(alert: Alert, until_utc: datetime) -> Alert:
    lasted_s = round(max(0.0, (until_utc - alert.onset).total_seconds()), 1)
    sentence = EVENTS[EVENT].words.sentence.format(duration_seconds=f"{lasted_s:.1f} s")
    because = alert.evidence.get("because")  # an older alert has none
    why = {} if because is None else {"because": because}
    words = [sentence, *(WHY[one] for one in WHY if one == because)]
    changes = {
        "duration": lasted_s,
        "evidence": {"duration_seconds": lasted_s, **why},
        "explanation": " ".join(words),
    }
    return alert.model_copy(update=changes)

"""An alert that no node ends: a former node delivers it after its session has moved, still open, or the
session is over and its node is gone. Pure.

The session's present node was not told of what is delivered late, so nobody there ends it. It lasts until the
former node's watch was over, or the session: nobody has seen more of it. If its node still delivers its own
end of it, or the present one writes one, that stands.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Final

from shared.alerts import Alert

PATIENCE: Final = timedelta(seconds=10)
"""The end of an alert may follow it from the same outbox."""
OVER_FOR: Final = timedelta(minutes=1)
"""A node that is there has told all its ends so long after a session."""
WORDS: Final = "Its end was not told; it counts until the session left that node."
WORDS_OVER: Final = "Its end was not told; it counts until the session was over."


def ended_late(alert: Alert, left_utc: datetime, words: str = WORDS) -> Alert:
    """The alert as over. `left_utc`: when the session left the alert's node, or was over; `words` say
    which."""
    changes = {
        "cleared": max(left_utc, alert.raised),
        "explanation": f"{alert.explanation} {words}".strip(),
    }
    return alert.model_copy(update=changes)

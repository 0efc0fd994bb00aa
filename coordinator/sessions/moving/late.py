"""An alert that a former node delivers after its session has moved, still open. Pure.

The session's present node was not told of it, so nobody there ends it. It lasts until the former node's watch
was over: nobody has seen more of it. If that node still delivers its own end of it, or the present one writes
one, that stands.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Final

from shared.alerts import Alert

PATIENCE: Final = timedelta(seconds=10)
"""The end of an alert may follow it from the same outbox."""
WORDS: Final = "Its end was not told; it counts until the session left that node."


def ended_late(alert: Alert, left_utc: datetime) -> Alert:
    """The alert as over. `left_utc`: when the session left the alert's node."""
    changes = {
        "cleared": max(left_utc, alert.raised),
        "explanation": f"{alert.explanation} {WORDS}".strip(),
    }
    return alert.model_copy(update=changes)

"""Faults of our own systems."""

from __future__ import annotations

from typing import Final

from shared.events.row import BY_COORDINATOR, DefaultRule, EventRow, Gap, Words
from shared.events.types import EventClass, EventType

ROWS: Final = (
    EventRow(
        event=EventType.ANALYSIS_DEGRADED,
        event_class=EventClass.TECHNICAL,
        rule=DefaultRule(hold_s=5, clear_s=5),
        gap=Gap("coverage", "The node looked with fewer networks, or less often."),
        words=Words(
            title="Analysis limited",
            sentence=(
                "Part of the analysis was missing for {duration_seconds:s} (bound {hold_seconds:s}; "
                "{limits:semicolons}); its results are unknown."
            ),
            raised="Part of the analysis has a technical problem on our side. You need not do anything.",
            cleared="The technical problem on our side is solved.",
        ),
    ),
    EventRow(
        event=EventType.NOT_JUDGED,
        event_class=EventClass.TECHNICAL,
        rule=DefaultRule(hold_s=30, clear_s=5),
        gap=Gap("coverage", "The picture did not show enough to judge everything that was looked at."),
        words=Words(
            title="Not judged",
            sentence=(
                "For {duration_seconds:s} (bound {hold_seconds:s}) the picture did not show enough to judge "
                "what was looked at ({not_judged:semicolons}); nothing is known of it."
            ),
            raised="Some of your camera's picture cannot be made out. You need not do anything.",
            cleared="Your camera's picture can be made out again.",
        ),
    ),
    EventRow(
        event=EventType.NODE_FAILOVER,
        event_class=EventClass.TECHNICAL,
        raised_by=BY_COORDINATOR,
        rule=DefaultRule(),
        waited_for=False,
        gap=Gap("coverage", "Watching moved to another node, with a gap between."),
        words=Words(
            title="Moved to another node",
            sentence="Watching moved to another node, with a gap of {duration_seconds:s} between.",
        ),
    ),
    EventRow(
        event=EventType.CLOCK_SKEW,
        event_class=EventClass.TECHNICAL,
        raised_by=BY_COORDINATOR,
        rule=DefaultRule(),
        waited_for=False,
        gap=Gap("times", "The node's clock was wrong: times may be wrong."),
        words=Words(
            title="Clocks differ",
            sentence=(
                "The clocks of node and coordinator differed by {skew_seconds:s} (bound "
                "{skew_seconds_bound:s})."
            ),
        ),
    ),
    EventRow(
        event=EventType.ALERT_GAP,
        event_class=EventClass.TECHNICAL,
        raised_by=BY_COORDINATOR,
        rule=DefaultRule(),
        waited_for=False,
        gap=Gap("reports", "Alerts of the node are missing."),
        words=Words(
            title="Alerts missing",
            sentence=(
                "{missing} alerts of the node have not arrived. They may be about this session or another; "
                "{repair}."
            ),
        ),
    ),
)

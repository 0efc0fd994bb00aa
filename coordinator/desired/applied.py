"""What became of the settings that were given to a node, in one word. Pure."""

from __future__ import annotations

from coordinator.desired.layers import Whole, has_read
from shared.api.node_settings import SettingsState
from shared.messages.desired import DesiredReport


def state_of(report: DesiredReport | None, whole: Whole | None, *, heard: bool) -> SettingsState:
    """How far a node has come with its settings. `heard`: it has sent a heartbeat since this program started,
    with this report."""
    if whole is None:
        return "none"
    if report is None:
        return "unknown" if heard else "untold"
    return report.standing if has_read(report, whole) else "untold"

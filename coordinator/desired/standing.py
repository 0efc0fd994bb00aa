"""What became of the settings that were given to a node, in one word. Pure."""

from __future__ import annotations

from coordinator.desired.layers import Whole
from shared.api.node_settings import SettingsState
from shared.messages.desired import DesiredReport


def state_of(report: DesiredReport | None, whole: Whole | None, *, heard: bool) -> SettingsState:
    """Where a node stands. `heard`: it has sent a heartbeat since this program started, with this report."""
    if whole is None:
        return "none"
    if report is None:
        return "unknown" if heard else "untold"
    return "untold" if report.version != whole.desired.version else report.standing

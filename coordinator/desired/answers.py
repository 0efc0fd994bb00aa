"""What is given to nodes, in the API's form."""

from __future__ import annotations

from coordinator.desired.applied import state_of
from coordinator.desired.layers import Whole
from coordinator.desired.tables import GivenSettings
from shared.api.node_settings import GivenSettingsOut, NodeSettingsOut
from shared.messages.heartbeats import Heartbeat
from shared.node_settings import NodeSettings


def given_out(row: GivenSettings) -> GivenSettingsOut:
    """What some nodes are to have."""
    return GivenSettingsOut(
        version=row.version,
        scope=row.scope.value,
        target=row.target,
        settings=NodeSettings.model_validate(row.settings),
        weights=row.weights,
        reason=row.reason,
        made_by=row.made_by,
        made_at=row.made_utc,
    )


def node_settings_out(node_id: str, whole: Whole | None, beat: Heartbeat | None) -> NodeSettingsOut:
    """What one node is to have, and what it says of it in its last heartbeat."""
    report = None if beat is None else beat.desired
    desired = None if whole is None else whole.desired
    return NodeSettingsOut(
        node_id=node_id,
        version=None if desired is None else desired.version,
        settings=NodeSettings.model_validate({} if desired is None else desired.settings),
        weights={} if desired is None else dict(desired.weights),
        origins={} if whole is None else {name: scope.value for name, scope in whole.origins.items()},
        state=state_of(report, whole, heard=beat is not None),
        reason="" if report is None else report.reason,
        reported_version=None if report is None else report.version,
        version_in_force=None if report is None else report.in_force,
    )

"""Converts where a session's page connects to the API's form."""

from __future__ import annotations

from coordinator.sessions.service import Found
from shared.api.sessions import RouteOut


def route_out(found: Found, *, moved: bool) -> RouteOut:
    """The session's present node in the API's form."""
    return RouteOut(
        session_id=found.session.reference,
        edge_node=str(found.assignment.node_id),
        signaling_url=found.session.signaling_url,
        whip_url=found.session.whip_url,
        moved=moved,
    )

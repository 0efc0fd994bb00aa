"""The part of the client for one node of the fleet."""

from __future__ import annotations

from cli.calls import Calls, path_of
from shared.api.nodes import DrainRequest, NodeOut, PlacementRequest


class NodeCalls:
    """Calls about one node."""

    def __init__(self, calls: Calls) -> None:
        self._calls = calls

    def node(self, node_id: str) -> NodeOut:
        return self._calls.one("GET", path_of("nodes", node_id), NodeOut)

    def cordon(self, node_id: str, request: PlacementRequest) -> NodeOut:
        return self._placed(node_id, "cordon", request)

    def uncordon(self, node_id: str, request: PlacementRequest) -> NodeOut:
        return self._placed(node_id, "uncordon", request)

    def drain(self, node_id: str, request: DrainRequest) -> NodeOut:
        return self._placed(node_id, "drain", request)

    def _placed(self, node_id: str, act: str, request: PlacementRequest) -> NodeOut:
        return self._calls.one("POST", path_of("nodes", node_id, act), NodeOut, body=request)

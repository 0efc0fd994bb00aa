"""The part of the client for the nodes of the fleet."""

from __future__ import annotations

from cli.calls import Calls, path_of
from shared.api.nodes import DrainRequest, NodeOut, ParkedOut, PlacementRequest, ReplayOut


class NodeCalls:
    """Calls about nodes, and the messages of theirs that could not be judged."""

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

    def nodes(self) -> list[NodeOut]:
        return self._calls.rows(path_of("nodes"), NodeOut)

    def parked(self) -> list[ParkedOut]:
        """Alert messages that could not be judged, by node and reason."""
        return self._calls.rows(path_of("parked-messages"), ParkedOut)

    def replay_parked(self) -> ReplayOut:
        return self._calls.one("POST", path_of("parked-messages", "replay"), ReplayOut)

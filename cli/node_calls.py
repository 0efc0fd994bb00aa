"""The part of the client for the nodes of the fleet."""

from __future__ import annotations

from cli.calls import Calls, path_of
from cli.whole_ids import WholeIds
from shared.api.node_settings import GivenSettingsOut, NodeSettingsOut, SettingsRequest
from shared.api.nodes import DrainRequest, NodeOut, ParkedOut, PlacementRequest, ReplayOut


class NodeCalls:
    """Calls about nodes, and the messages of theirs that could not be judged."""

    def __init__(self, calls: Calls, ids: WholeIds) -> None:
        self._calls = calls
        self._ids = ids

    def node(self, node_id: str) -> NodeOut:
        return self._calls.one("GET", path_of("nodes", self._ids.node(node_id)), NodeOut)

    def cordon(self, node_id: str, request: PlacementRequest) -> NodeOut:
        return self._placed(node_id, "cordon", request)

    def uncordon(self, node_id: str, request: PlacementRequest) -> NodeOut:
        return self._placed(node_id, "uncordon", request)

    def drain(self, node_id: str, request: DrainRequest) -> NodeOut:
        return self._placed(node_id, "drain", request)

    def all_settings(self) -> list[GivenSettingsOut]:
        return self._calls.rows(path_of("nodes", "settings"), GivenSettingsOut)

    def settings(self, node_id: str) -> NodeSettingsOut:
        path = path_of("nodes", self._ids.node(node_id), "settings")
        return self._calls.one("GET", path, NodeSettingsOut)

    def give_all(self, request: SettingsRequest) -> GivenSettingsOut:
        return self._given(path_of("nodes", "settings"), request)

    def give_region(self, region: str, request: SettingsRequest) -> GivenSettingsOut:
        return self._given(path_of("nodes", "regions", region, "settings"), request)

    def give_node(self, node_id: str, request: SettingsRequest) -> GivenSettingsOut:
        return self._given(path_of("nodes", self._ids.node(node_id), "settings"), request)

    def _given(self, path: str, request: SettingsRequest) -> GivenSettingsOut:
        return self._calls.one("PUT", path, GivenSettingsOut, body=request)

    def _placed(self, node_id: str, act: str, request: PlacementRequest) -> NodeOut:
        path = path_of("nodes", self._ids.node(node_id), act)
        return self._calls.one("POST", path, NodeOut, body=request)

    def nodes(self) -> list[NodeOut]:
        return self._calls.rows(path_of("nodes"), NodeOut)

    def parked(self) -> list[ParkedOut]:
        """Alert messages that could not be judged, by node and reason."""
        return self._calls.rows(path_of("parked-messages"), ParkedOut)

    def replay_parked(self) -> ReplayOut:
        return self._calls.one("POST", path_of("parked-messages", "replay"), ReplayOut)

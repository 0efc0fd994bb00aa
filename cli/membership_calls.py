"""The part of the client for nodes that join."""

from __future__ import annotations

from cli.calls import Calls, path_of
from cli.whole_ids import WholeIds
from shared.api.memberships import JoinTokenOut, JoinTokenRequest, NodeCertificateOut, NodeCertificatePage


class MembershipCalls:
    """Calls about nodes that join, over a client's connection."""

    def __init__(self, calls: Calls, ids: WholeIds) -> None:
        self._calls = calls
        self._ids = ids

    def create_token(self, request: JoinTokenRequest) -> JoinTokenOut:
        return self._calls.one("POST", path_of("nodes", "tokens"), JoinTokenOut, body=request)

    def certificates(self, most: int) -> list[NodeCertificateOut]:
        """Nodes' certificates, the soonest to end first."""
        return self._calls.pages(path_of("nodes", "certificates"), NodeCertificatePage, most)

    def revoke(self, node_id: str) -> None:
        self._calls.send("POST", path_of("nodes", self._ids.node(node_id), "revoke"))

"""The part of the client for links to a session and its devices."""

from __future__ import annotations

from cli.calls import Calls, path_of
from cli.whole_ids import WholeIds
from shared.api.links import ApproveDeviceRequest, DeviceOut, DevicesOut, LinkResponse, TicketResponse


class DeviceCalls:
    """Calls about links to a session and its devices, over a client's connection."""

    def __init__(self, calls: Calls, ids: WholeIds) -> None:
        self._calls = calls
        self._ids = ids

    def make_link(self, session_id: str) -> LinkResponse:
        return self._ids.of_session("POST", session_id, ("link",), LinkResponse)

    def listed(self, session_id: str) -> DevicesOut:
        return self._ids.of_session("GET", session_id, ("devices",), DevicesOut)

    def approve(self, session_id: str, request: ApproveDeviceRequest) -> DeviceOut:
        return self._ids.of_session("POST", session_id, ("approve-device",), DeviceOut, request)

    def socket_ticket(self, session_id: str) -> TicketResponse:
        return self._calls.one("POST", path_of("session", session_id, "ws-ticket"), TicketResponse)

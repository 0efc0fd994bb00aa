"""Keeps from aiortc the datagrams it would fall over, whoever sent them.

Any stranger can send to a candidate's UDP port. What is no STUN goes to aiortc's DTLS transport, which looks
at the first byte of an empty datagram and copies one above 1,500 bytes into a buffer of that size: both raise
there and end the connection. STUN whose attributes are cut short raises in aioice instead, a traceback in the
log for each. Read and tried with aiortc 1.16, pylibsrtp 1.0 and aioice 0.13.
"""

from __future__ import annotations

import struct
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any, Final

from aioice import stun
from aiortc import RTCPeerConnection

MAX_BYTES: Final = 1_500
"""What fits pylibsrtp's buffer; a browser sends 1,200."""
_parse_message = stun.parse_message


def parse_message(data: bytes, *key: Any, **keys: Any) -> stun.Message:
    """aioice's reading of a STUN message. Raises ValueError, and nothing else, for what is none."""
    try:
        return _parse_message(data, *key, **keys)
    except (struct.error, LookupError) as error:
        raise ValueError("a STUN message is cut short") from error


@dataclass(slots=True)
class Datagrams:
    """What was kept away from one connection."""

    refused: int = 0
    """Empty or too large."""

    def guard(self, connection: RTCPeerConnection) -> None:
        """Check all that comes in from now on. Call once the connection has all its transports."""
        for ice in _ice_connections(connection):
            ice.data_received = self._checked(ice.data_received)

    def _checked(self, deliver: Callable[[bytes, int], None]) -> Callable[[bytes, int], None]:
        def received(data: bytes, component: int) -> None:
            if 0 < len(data) <= MAX_BYTES:
                deliver(data, component)
            else:
                self.refused += 1

        return received


def _ice_connections(connection: RTCPeerConnection) -> Iterable[Any]:
    """aioice's, one per transport; tracks that are bundled share one."""
    transports = {each.receiver.transport.transport for each in connection.getTransceivers()}
    return [transport._connection for transport in transports]

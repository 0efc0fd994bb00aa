"""Drops datagrams that would crash aiortc.

Anyone can send to a candidate's UDP port. A datagram that is not STUN goes to aiortc's DTLS transport, which
reads the first byte of an empty datagram and copies one above 1,500 bytes into a buffer of that size: both
raise there and end the connection. STUN with truncated attributes raises in aioice instead, with a traceback
in the log for each. Read and tested with aiortc 1.16, pylibsrtp 1.0 and aioice 0.13.
"""

from __future__ import annotations

import struct
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any, Final

from aioice import stun
from aiortc import RTCPeerConnection

MAX_BYTES: Final = 1_500
"""Size of pylibsrtp's buffer; a browser sends up to 1,200."""
_parse_message = stun.parse_message


def parse_message(data: bytes, *key: Any, **keys: Any) -> stun.Message:
    """Parse a STUN message with aioice. Raises only ValueError when it is not one."""
    try:
        return _parse_message(data, *key, **keys)
    except (struct.error, LookupError) as error:
        raise ValueError("a STUN message is truncated") from error


@dataclass(slots=True)
class Datagrams:
    """Counts what was dropped from one connection."""

    refused: int = 0
    """Empty or too large."""

    def guard(self, connection: RTCPeerConnection) -> None:
        """Check all datagrams from now on. Call once the connection has all its transports."""
        for ice in ice_connections(connection):
            ice.data_received = self._checked(ice.data_received)

    def _checked(self, deliver: Callable[[bytes, int], None]) -> Callable[[bytes, int], None]:
        def received(data: bytes, component: int) -> None:
            if 0 < len(data) <= MAX_BYTES:
                deliver(data, component)
            else:
                self.refused += 1

        return received


def ice_connections(connection: RTCPeerConnection) -> Iterable[Any]:
    """aioice's connections, one per transport; bundled tracks share one."""
    transports = {each.receiver.transport.transport for each in connection.getTransceivers()}
    return [transport._connection for transport in transports]

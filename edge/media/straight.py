"""Hands media to their receiver at once, while their datagram is read from the socket.

aiortc passes each datagram through a queue to a task, which is woken for it. At 110 packets a second and
candidate that took a tenth of what a live session costs beside its networks. What is no media (handshakes,
RTCP) still goes that way. Read and tested with aiortc 1.16.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Coroutine
from typing import Any, Final

from aiortc import rtcdtlstransport
from aiortc.rtp import is_rtcp

log = logging.getLogger(__name__)

SrtpError: Final[type[Exception]] = rtcdtlstransport.pylibsrtp.Error  # type: ignore[attr-defined]
Deliver = Callable[[bytes, int], None]
"""Takes a datagram and its ICE component."""


def at_once(dtls: Any, otherwise: Deliver) -> Deliver:
    """Takes the datagrams of a DTLS transport, none of them empty. What is no media goes `otherwise`."""

    def deliver(data: bytes, component: int) -> None:
        # RTP begins with version 2 (RFC 7983), and can be decrypted once the handshake is over.
        if not 0x80 <= data[0] < 0xC0 or is_rtcp(data) or dtls._state is not rtcdtlstransport.State.CONNECTED:
            otherwise(data, component)
            return
        try:
            packet = dtls._rx_srtp.unprotect(data)
        except SrtpError:
            return  # of a stranger, or twice
        completed(dtls._handle_rtp_data(packet, arrival_time_ms=time.time_ns() // 1_000_000))

    return deliver


def completed(work: Coroutine[Any, Any, None]) -> None:
    """Run a coroutine that awaits nothing that is not there yet. An error of it loses this packet only."""
    try:
        work.send(None)
    except StopIteration:
        return
    except Exception:
        log.exception("a packet could not be received")
        return
    work.close()
    raise RuntimeError("receiving a packet has to wait, which it must not")

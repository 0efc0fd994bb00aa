"""A bad network inside the test process: loss, delay and outages on what one peer sends.

aiortc sends every RTP and RTCP packet of a peer through `RTCDtlsTransport._send_rtp`; this replaces that
method, for the transports of one peer or for all. Seeded, so a run with the same packets loses the same ones.
"""

from __future__ import annotations

import asyncio
import random
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from functools import partial
from typing import Any, TypeAlias

from aiortc import RTCPeerConnection
from aiortc.rtcdtlstransport import RTCDtlsTransport

Send: TypeAlias = Callable[[RTCDtlsTransport, bytes], Awaitable[None]]

_RTCP_TYPES = range(192, 224)


@dataclass(slots=True)
class Impairment:
    """What happens to the packets of a peer. `down` may be changed while it runs."""

    loss: float = 0.0
    """Share of packets lost, 0…1, each independently."""
    delay_s: float = 0.0
    """One-way delay added."""
    seed: int = 1
    down: bool = False
    """Nothing passes while this is set."""
    rtp_sent: dict[int, int] = field(default_factory=dict)
    """RTP packets offered, by payload type."""
    rtp_lost: dict[int, int] = field(default_factory=dict)
    """Of these, lost here."""


def impair(connection: RTCPeerConnection, impairment: Impairment) -> None:
    """Impair what `connection` sends from now on. Call when its descriptions are set."""
    send = _impaired(RTCDtlsTransport._send_rtp, impairment)
    for transport in {t.sender.transport for t in connection.getTransceivers()}:
        patched: Any = transport
        patched._send_rtp = partial(send, transport)


@contextmanager
def everything_impaired(impairment: Impairment) -> Iterator[None]:
    """Impair what every peer of this process sends, also peers that are yet to be made."""
    real = RTCDtlsTransport._send_rtp
    patched: Any = RTCDtlsTransport
    patched._send_rtp = _impaired(real, impairment)
    try:
        yield
    finally:
        patched._send_rtp = real


def _impaired(real: Send, impairment: Impairment) -> Send:
    chance = random.Random(impairment.seed)
    under_way: set[asyncio.Task[None]] = set()

    async def deliver(transport: RTCDtlsTransport, data: bytes) -> None:
        with suppress(ConnectionError):
            await real(transport, data)

    def launch(transport: RTCDtlsTransport, data: bytes) -> None:
        task = asyncio.get_running_loop().create_task(deliver(transport, data))
        under_way.add(task)
        task.add_done_callback(under_way.discard)

    async def send(transport: RTCDtlsTransport, data: bytes) -> None:
        lost = chance.random() < impairment.loss or impairment.down
        if data[1] not in _RTCP_TYPES:
            payload_type = data[1] & 0x7F
            impairment.rtp_sent[payload_type] = impairment.rtp_sent.get(payload_type, 0) + 1
            impairment.rtp_lost[payload_type] = impairment.rtp_lost.get(payload_type, 0) + lost
        if lost:
            return
        if impairment.delay_s:
            asyncio.get_running_loop().call_later(impairment.delay_s, launch, transport, data)
        else:
            await deliver(transport, data)

    return send

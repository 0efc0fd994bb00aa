"""A bad network inside the test process: loss, delay and outages on what one peer sends.

aiortc sends every RTP and RTCP packet of a peer through `RTCDtlsTransport._send_rtp`; this replaces that
method on the transports of one peer only. Seeded, so a run with the same packets loses the same ones.
"""

from __future__ import annotations

import asyncio
import random
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from typing import Any

from aiortc import RTCPeerConnection
from aiortc.rtcdtlstransport import RTCDtlsTransport

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
    chance = random.Random(impairment.seed)
    transports = {id(t.sender.transport): t.sender.transport for t in connection.getTransceivers()}
    for transport in transports.values():
        _impair_transport(transport, impairment, chance)


def _impair_transport(transport: RTCDtlsTransport, impairment: Impairment, chance: random.Random) -> None:
    real: Callable[[bytes], Awaitable[None]] = transport._send_rtp
    loop = asyncio.get_running_loop()
    under_way: set[asyncio.Task[None]] = set()

    async def deliver(data: bytes) -> None:
        try:
            await real(data)
        except ConnectionError:
            return

    def launch(data: bytes) -> None:
        task = loop.create_task(deliver(data))
        under_way.add(task)
        task.add_done_callback(under_way.discard)

    async def send(data: bytes) -> None:
        lost = chance.random() < impairment.loss or impairment.down
        if data[1] not in _RTCP_TYPES:
            payload_type = data[1] & 0x7F
            impairment.rtp_sent[payload_type] = impairment.rtp_sent.get(payload_type, 0) + 1
            impairment.rtp_lost[payload_type] = impairment.rtp_lost.get(payload_type, 0) + lost
        if lost:
            return
        if impairment.delay_s:
            loop.call_later(impairment.delay_s, launch, data)
        else:
            await deliver(data)

    patched: Any = transport
    patched._send_rtp = send

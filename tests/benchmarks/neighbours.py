"""How long others wait while somebody floods: a whole installation, the flooder in a process of its own.

`[SECONDS]` sets how long each attack lasts, 5 if not given. A neighbour asks for /healthz up to fifty times a
second, each time over a new connection.
"""

from __future__ import annotations

import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import Final

from tests.benchmarks._figures import Figure
from tests.support.candidates import real_offer
from tests.support.neighbour import beside, waits
from tests.support.whole import Whole, whole

BOUND_S: Final = 0.05
IDLERS: Final = 2_500
ENDLESS: Final = (
    ("one-byte texts", "bytes"),
    ("empty texts", "empties"),
    ("one-byte fragments", "fragments"),
    ("binary messages", "binaries"),
    ("pongs", "pongs"),
)


def run(arguments: Sequence[str]) -> list[Figure]:
    """Measure and print; a neighbour's 99th percentile is at most 50 ms, or twice that without an attack."""
    seconds = float(arguments[0]) if arguments else 5.0
    offer = real_offer()
    with tempfile.TemporaryDirectory() as folder, whole(Path(folder)) as site:
        node, centre = site.prepared.edge_url, site.prepared.coordinator_url
        figures = []
        for name, place in (("node", node), ("coordinator", centre)):
            figures += _attacked(site, name, place, offer, seconds)
        return figures


def _attacked(site: Whole, name: str, place: str, offer: str, seconds: float) -> list[Figure]:
    ask = f"{place}/healthz"
    idle_s = waits(ask, seconds).share(0.99)
    attacks = [
        ("20,000 pings/s", "pings", 20_000),
        ("100,000 pings/s", "pings", 100_000),
        ("20,000 texts/s", "texts", 20_000),
        *((f"{words} without end", attack, 0) for words, attack in ENDLESS),
        ("sockets of one token", "sockets", 0),
        *([("WHIP offers of one token", "offers", 0)] if name == "node" else []),
        (f"{IDLERS:,} idle connections", "idle", IDLERS),
        (f"{IDLERS:,} connections that sent a byte", "slow", IDLERS),
    ]
    figures = [Figure(f"{name}, idle: p99", f"{1_000 * idle_s:.1f} ms")]
    for words, attack, rate in attacks:
        session = site.start(f"CAND-{name}-{attack}-{rate}")
        socket = session.signaling_url if name == "node" else session.websocket_url
        url = {"idle": place, "slow": place, "offers": session.whip_url}.get(attack, socket)
        waited, counts = beside(
            attack, url, ask, seconds=seconds, rate=rate, token=session.session_token, offer=offer
        )
        site.clear()
        sys.stdout.write(f"{name}, {words}: {dict(counts)}, median {1_000 * waited.share(0.5):.1f} ms\n")
        p99_s, bound_s = waited.share(0.99), max(BOUND_S, 2 * idle_s)
        figures.append(
            Figure(
                f"{name}, {words}: p99",
                f"{1_000 * p99_s:.1f} ms",
                f"≤ {1_000 * bound_s:.0f} ms",
                p99_s <= bound_s,
                f"/healthz for {seconds:g} s, {len(waited.answered_s)} answered, {waited.failed} failed",
            )
        )
    return figures

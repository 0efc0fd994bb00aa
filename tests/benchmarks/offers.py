"""How long others wait while 160 offers reach a node at once, from a process of its own over WHIP.

Twenty sessions send eight offers each, as many as a session may at once. Each offer is a real one, of camera
and microphone. A neighbour asks for /healthz up to fifty times a second.
"""

from __future__ import annotations

import json
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import Final

from tests.benchmarks._figures import Figure
from tests.benchmarks.neighbours import BOUND_S
from tests.support.candidates import real_offer
from tests.support.neighbour import beside, waits
from tests.support.whole import whole

SESSIONS: Final = 20
OFFERS: Final = 8
SECONDS: Final = 10.0


def run(arguments: Sequence[str]) -> list[Figure]:
    """Measure and print; a neighbour's 99th percentile is at most 50 ms, or twice that without offers."""
    offer = real_offer()
    with tempfile.TemporaryDirectory() as folder, whole(Path(folder), rating=SESSIONS) as site:
        ask = f"{site.prepared.edge_url}/healthz"
        sessions = [site.start(f"CAND-{number}") for number in range(SESSIONS)]
        crowd = OFFERS * [[session.whip_url, session.session_token] for session in sessions]
        idle_s = waits(ask, 3.0).share(0.99)
        waited, counts = beside("crowd", ask, ask, seconds=SECONDS, offer=offer, crowd=json.dumps(crowd))
        site.clear()
    sys.stdout.write(f"{dict(counts)}; longest wait {1_000 * max(waited.answered_s):.0f} ms\n")
    p99_s, bound_s = waited.share(0.99), max(BOUND_S, 2 * idle_s)
    return [
        Figure("idle: p99", f"{1_000 * idle_s:.1f} ms"),
        Figure(
            f"{len(crowd)} offers at once: p99",
            f"{1_000 * p99_s:.1f} ms",
            f"≤ {1_000 * bound_s:.0f} ms",
            p99_s <= bound_s,
            f"/healthz for {SECONDS:g} s, {len(waited.answered_s)} answered, {waited.failed} failed",
        ),
    ]

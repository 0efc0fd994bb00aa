"""A simulated candidate behind a bad network, as a program: for tests of the whole system.

`python -m tests.support.lossy_candidate RECORDING SIGNALING_URL [--loss 0.03] [--delay-ms 30]
[--outage FROM_S:UNTIL_S]`; the session token comes in the environment as SESSION_TOKEN. Times count from the
start of the program. Only what the candidate sends is impaired.
"""

from __future__ import annotations

import argparse
import asyncio
import os
import sys
from pathlib import Path

from edge.media.simulate import Simulation, stream_recording
from tests.support.impairment import Impairment, everything_impaired


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("recording", type=Path)
    parser.add_argument("signaling_url")
    parser.add_argument("--loss", type=float, default=0.0)
    parser.add_argument("--delay-ms", type=float, default=0.0)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--outage", default="")
    arguments = parser.parse_args()
    network = Impairment(arguments.loss, arguments.delay_ms / 1000, arguments.seed)
    simulation = Simulation(arguments.recording, arguments.signaling_url, os.environ["SESSION_TOKEN"])
    with everything_impaired(network):
        asyncio.run(stream(simulation, network, arguments.outage))
    sys.stdout.write(f"sent {network.rtp_sent} lost {network.rtp_lost}\n")


async def stream(simulation: Simulation, network: Impairment, outage: str) -> None:
    """Stream to the end; the network is down during `outage`, `FROM_S:UNTIL_S`."""
    loop = asyncio.get_running_loop()
    if outage:
        from_s, until_s = (float(part) for part in outage.split(":"))
        loop.call_later(from_s, setattr, network, "down", True)
        loop.call_later(until_s, setattr, network, "down", False)
    await stream_recording(simulation)


if __name__ == "__main__":
    main()

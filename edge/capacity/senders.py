"""The candidates' process: `python -m edge.capacity.senders`.

Reads a `Sending` as one line from standard input, streams the recording for each candidate again and again
until standard input is closed, and prints one word per line: `began` for each candidate whose first stream
has begun, `failed` for one that was refused.
"""

from __future__ import annotations

import asyncio
import sys
from pathlib import Path
from typing import Final

from edge.capacity.candidates import Sending, SimulatedCandidate
from edge.media.simulate import Simulation, stream_recording
from shared.dumps import no_core_dumps
from shared.errors import ProctorError
from shared.messages.message import parse

REFUSALS: Final = 5
"""How often a candidate tries again."""
AGAIN_S: Final = 1.0


async def send(sending: Sending) -> None:
    """Stream until standard input is closed."""
    stop = asyncio.Event()
    tasks = [
        asyncio.create_task(_send_one(Path(sending.recording), candidate, number * sending.apart_s, stop))
        for number, candidate in enumerate(sending.candidates)
    ]
    await asyncio.to_thread(sys.stdin.read)
    stop.set()
    await asyncio.gather(*tasks, return_exceptions=True)


async def _send_one(
    recording: Path, candidate: SimulatedCandidate, after_s: float, stop: asyncio.Event
) -> None:
    await asyncio.sleep(after_s)
    simulation = Simulation(recording, candidate.signaling_url, candidate.token)
    told = False

    def began() -> None:
        nonlocal told
        if not told:
            told = True
            _say("began")

    refusals = 0
    while not stop.is_set():
        try:
            await stream_recording(simulation, stop, began)
        except ProctorError as error:
            # A busy node refuses at once, and takes the candidate a moment later, as it does a page.
            refusals += 1
            if refusals > REFUSALS:
                sys.stderr.write(f"{error}\n")
                _say("failed")
                return
            await asyncio.sleep(AGAIN_S)


def _say(word: str) -> None:
    sys.stdout.write(f"{word}\n")
    sys.stdout.flush()


def main() -> None:
    no_core_dumps()
    asyncio.run(send(parse(Sending, sys.stdin.readline().encode())))


if __name__ == "__main__":
    main()

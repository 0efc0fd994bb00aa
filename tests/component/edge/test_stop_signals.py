"""What ends a child that a library has forked does not end the node."""

from __future__ import annotations

import subprocess
import sys

PROGRAM = """
import asyncio, os, signal
from edge.stop_signals import when_asked_to_stop

async def main():
    stop = asyncio.Event()
    when_asked_to_stop(stop.set)
    there, here = os.pipe()
    child = os.fork()
    if not child:
        os.write(here, b"!")
        signal.pause()
        os._exit(7)
    os.read(there, 1)
    os.kill(child, signal.SIGTERM)
    print(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]))
    for _ in range(10):  # what the child has said to the loop would be there by now
        await asyncio.sleep(0.01)
    print(stop.is_set())
    os.kill(os.getpid(), signal.SIGTERM)
    await asyncio.wait_for(stop.wait(), 30)
    print(stop.is_set())

asyncio.run(main())
"""


def test_a_signal_to_a_forked_child_ends_the_child_alone() -> None:
    done = subprocess.run([sys.executable, "-c", PROGRAM], capture_output=True, text=True, check=True)
    assert done.stdout.split() == ["-15", "False", "True"]

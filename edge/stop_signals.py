"""The signals that ask the daemon to stop: only its own, not those of a child that a library forks."""

from __future__ import annotations

import asyncio
import os
import signal
from collections.abc import Callable
from typing import Final

STOPS: Final = (signal.SIGTERM, signal.SIGINT)


def when_asked_to_stop(act: Callable[[], None]) -> None:
    """Call `act` on the running loop for each signal that asks this process to stop. Once per process."""
    loop = asyncio.get_running_loop()
    for number in STOPS:
        loop.add_signal_handler(number, act)
    os.register_at_fork(after_in_child=_forget)


def _forget() -> None:
    # A forked child shares the socket on which signals reach the loop: what ends the child would end us.
    signal.set_wakeup_fd(-1)
    for number in STOPS:
        signal.signal(number, signal.SIG_DFL)

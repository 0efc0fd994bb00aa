"""Networks that are opened again in a thread of their own."""

from __future__ import annotations

import threading

WITHIN_S = 20.0


def wait_reopened() -> None:
    """Return when no network of this process is being opened again."""
    for thread in threading.enumerate():
        if thread.name == "reopen":
            thread.join(WITHIN_S)

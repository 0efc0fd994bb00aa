"""Prevents core dumps of a daemon: they would have pictures, seconds of sound and keys in plain form."""

from __future__ import annotations

import resource


def no_core_dumps() -> None:
    """Disable core files of this process and its children. This cannot be undone.

    A crash collector that the kernel pipes to (systemd-coredump) respects the same limit.
    """
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))

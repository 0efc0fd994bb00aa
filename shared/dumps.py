"""No memory image of a daemon on a disk: it would hold pictures, seconds of sound and keys in the clear."""

from __future__ import annotations

import resource


def no_core_dumps() -> None:
    """Let this process and its children leave no core file when they crash, for good.

    A host's crash collector that is piped to by the kernel (systemd-coredump) honours the same limit.
    """
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))

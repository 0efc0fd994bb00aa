"""How many files and sockets this process may open: looked at before it serves, not when accepting fails."""

from __future__ import annotations

import logging
import resource
from dataclasses import dataclass
from typing import Final

from shared.errors import ConfigError

log = logging.getLogger(__name__)

LEAST_CONNECTIONS: Final = 100
_UNLIMITED: Final = 2**31


@dataclass(frozen=True, slots=True)
class Fit:
    """What fits into a limit."""

    limit: int
    """The limit to set."""
    connections: int
    """How many connections there may be under it."""


def fit(connections: int, others: int, soft: int, hard: int) -> Fit:
    """As many connections as wished, or as the hard limit leaves beside `others` (files, media, database)."""
    limit = max(soft, min(hard, connections + others))
    return Fit(limit, min(connections, limit - others))


def claim(connections: int, others: int) -> int:
    """Raise this process's limit as far as needed; how many connections there may be.

    Raises `ConfigError` when hardly any could be.
    """
    now, most = resource.getrlimit(resource.RLIMIT_NOFILE)
    soft, hard = (_UNLIMITED if limit == resource.RLIM_INFINITY else limit for limit in (now, most))
    fitting = fit(connections, others, soft, hard)
    if fitting.connections < LEAST_CONNECTIONS:
        raise ConfigError(
            f"this process may open {hard} files, and needs {others + LEAST_CONNECTIONS} at least: raise the "
            "limit (LimitNOFILE= in its service, or ulimit -Hn)"
        )
    if fitting.limit > soft:
        resource.setrlimit(resource.RLIMIT_NOFILE, (fitting.limit, most))
    if fitting.connections < connections:
        log.warning(
            "fewer connections are served than configured: the limit of open files allows no more",
            extra={"count": fitting.connections},
        )
    return fitting.connections

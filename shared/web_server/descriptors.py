"""Raises the limit of open files and sockets before the process serves, so that accepting does not fail
later."""

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
    """A limit of open files, and the connections that it allows."""

    limit: int
    """The limit to set."""
    connections: int
    """The most connections under that limit."""


def fit(connections: int, others: int, soft: int, hard: int) -> Fit:
    """As many connections as wanted, or as many as the hard limit allows besides `others` (files, media,
    database)."""
    limit = max(soft, min(hard, connections + others))
    return Fit(limit, min(connections, limit - others))


def claim(connections: int, others: int) -> int:
    """Raise this process's limit as far as needed. Returns how many connections it allows.

    Raises `ConfigError` when that is less than `LEAST_CONNECTIONS`.
    """
    now, most = resource.getrlimit(resource.RLIMIT_NOFILE)
    soft, hard = (_UNLIMITED if limit == resource.RLIM_INFINITY else limit for limit in (now, most))
    fitting = fit(connections, others, soft, hard)
    if fitting.connections < LEAST_CONNECTIONS:
        raise ConfigError(
            f"this process may open {hard} files, but needs at least {others + LEAST_CONNECTIONS}: raise the "
            "limit (LimitNOFILE= in its service, or ulimit -Hn)"
        )
    if fitting.limit > soft:
        resource.setrlimit(resource.RLIMIT_NOFILE, (fitting.limit, most))
    if fitting.connections < connections:
        log.warning(
            "fewer connections are served than configured, because of the limit of open files",
            extra={"count": fitting.connections},
        )
    return fitting.connections

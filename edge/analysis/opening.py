"""Opens the networks of a node, also while the rest of the program is still being imported."""

from __future__ import annotations

import logging
from concurrent.futures import Future, ThreadPoolExecutor

from edge.analysis.levels import check_level
from edge.analysis.networks import Networks, open_networks
from models.chain import BestDevice
from models.manifest import Profile
from models.serving import Serving
from models.store import Store
from shared.errors import ConfigError, Unavailable

log = logging.getLogger(__name__)


def opened(level: int, profile: Profile, best: BestDevice, threads: int) -> Networks:
    """Open the networks; takes seconds. Raises `ConfigError` if they cannot serve the level."""
    try:
        networks = open_networks(Serving(Store.here(), profile, best=best, streams=threads))
    except Unavailable as error:
        raise ConfigError(f"this node cannot find faces: {error}") from error
    check_level(level, networks.device)
    for task, reason in networks.missing.items():
        log.warning("a task is not available on this node", extra={"task": task.value, "reason": reason})
    return networks


def begun(level: int, profile: Profile, best: BestDevice, threads: int) -> Future[Networks]:
    """Begin to open the networks in a thread. The processors work on them while Python imports modules."""
    pool = ThreadPoolExecutor(1, thread_name_prefix="opening")
    opening = pool.submit(opened, level, profile, best, threads)
    pool.shutdown(wait=False)
    return opening

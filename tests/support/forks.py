"""Programs of the project that begin in a moment: forked from a process that has the imports behind it."""

from __future__ import annotations

import multiprocessing
from typing import Final

FORKS: Final = multiprocessing.get_context("forkserver")
FORKS.set_forkserver_preload(["coordinator.serving", "tests.support.mortal", "tests.support.shell"])

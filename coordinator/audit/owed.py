"""Keeps entries of the audit log in memory while the database cannot be written to."""

from __future__ import annotations

import logging
import threading
from collections import deque
from dataclasses import dataclass, field
from datetime import datetime
from typing import Final

from coordinator.audit import service as audit
from coordinator.ground.acting import Acting
from coordinator.web_api.parts import Parts

log = logging.getLogger(__name__)

MOST_OWED: Final = 1_000


@dataclass(frozen=True, slots=True)
class Owing:
    """One answered request that has no entry yet."""

    present: Acting
    status: int
    at_utc: datetime


@dataclass(slots=True)
class Owed:
    """The entries that are not written yet. Safe to use from many threads."""

    _waiting: deque[Owing] = field(default_factory=deque)
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def settle(self, parts: Parts, *more: Owing) -> None:
        """Write the waiting entries and these. Raises `Unavailable`; then the waiting ones stay."""
        with self._lock:
            waiting, self._waiting = self._waiting, deque()
        if not waiting and not more:
            return
        try:
            with parts.database.write() as db:
                for one in (*waiting, *more):
                    audit.write(db, parts.keys.keyring, one.present, one.status, one.at_utc)
        except BaseException:
            with self._lock:
                self._waiting.extendleft(reversed(waiting))
            raise

    def keep(self, one: Owing) -> bool:
        """Keep an entry for later; False if there are too many already."""
        with self._lock:
            if len(self._waiting) >= MOST_OWED:
                return False
            if not self._waiting:
                log.error("the audit log cannot be written; entries of what is read wait in memory")
            self._waiting.append(one)
            return True

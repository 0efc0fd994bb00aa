"""When an issuer's keys are fetched, and which count meanwhile. Decides only; `now` is an argument.

fresh for 10 minutes, then fetched again; an unknown kid fetches at once
at most one fetch in 5 seconds, and a kid that was not there is not asked for again for 60
when fetching fails, the keys known last count for up to 24 hours more
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Mapping
from typing import Final

from jwt import PyJWK

FRESH_FOR_S: Final = 600.0
STALE_FOR_S: Final = 86_400.0
FETCH_PAUSE_S: Final = 5.0
UNKNOWN_FOR_S: Final = 60.0
MAX_UNKNOWN: Final = 1_000


class KeyCache:
    """One issuer's keys. The caller passes a monotonic `now` in seconds, never running backwards."""

    def __init__(self) -> None:
        self._keys: Mapping[str, PyJWK] = {}
        self._fetched_at: float | None = None
        self._tried_at: float | None = None
        self._unknown: OrderedDict[str, float] = OrderedDict()

    def wants_fetch(self, kid: str, now: float) -> bool:
        """Whether the keys should be fetched before this kid is looked up."""
        if self._tried_at is not None and now - self._tried_at < FETCH_PAUSE_S:
            return False
        if self._fetched_at is None or now - self._fetched_at >= FRESH_FOR_S:
            return True
        if kid in self._keys:
            return False
        missed_at = self._unknown.get(kid)
        return missed_at is None or now - missed_at >= UNKNOWN_FOR_S

    def fetched(self, keys: Mapping[str, PyJWK], now: float) -> None:
        """The issuer answered with these keys; those it names no more count no more."""
        self._keys, self._fetched_at, self._tried_at = dict(keys), now, now

    def failed(self, now: float) -> None:
        """The issuer gave no usable answer."""
        self._tried_at = now

    def find(self, kid: str, now: float) -> PyJWK | None:
        """The key of this kid among those that count."""
        if not self.usable(now):
            return None
        key = self._keys.get(kid)
        if key is None:
            self._unknown[kid] = now
            self._unknown.move_to_end(kid)
            while len(self._unknown) > MAX_UNKNOWN:
                self._unknown.popitem(last=False)
        return key

    def usable(self, now: float) -> bool:
        """Whether any keys count: fetched, and not too long ago."""
        return self._fetched_at is not None and now - self._fetched_at < FRESH_FOR_S + STALE_FOR_S

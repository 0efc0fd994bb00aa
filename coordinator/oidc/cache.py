"""Decides when an issuer's keys are fetched, and which are valid. Decides only; `now` is an argument.

keys are fresh for 10 minutes, then fetched again; an unknown kid causes a fetch at once
at most one fetch in 5 seconds; a kid that was not found is not tried again for 60
if fetching fails, the last known keys stay valid for up to 24 hours
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
        """Whether the keys should be fetched before looking up this kid."""
        if self._tried_at is not None and now - self._tried_at < FETCH_PAUSE_S:
            return False
        if self._fetched_at is None or now - self._fetched_at >= FRESH_FOR_S:
            return True
        return kid not in self._keys and not self._missed_lately(kid, now)

    def fetched(self, keys: Mapping[str, PyJWK], now: float) -> None:
        """The issuer answered with these keys; all others are no longer valid."""
        self._keys, self._fetched_at, self._tried_at = dict(keys), now, now

    def failed(self, now: float) -> None:
        """The issuer gave no usable answer."""
        self._tried_at = now

    def find(self, kid: str, now: float) -> PyJWK | None:
        """The valid key with this kid."""
        if not self.usable(now):
            return None
        key = self._keys.get(kid)
        if key is None and not self._missed_lately(kid, now):  # else who asks all the time never gets it
            self._unknown[kid] = now
            self._unknown.move_to_end(kid)
            while len(self._unknown) > MAX_UNKNOWN:
                self._unknown.popitem(last=False)
        return key

    def usable(self, now: float) -> bool:
        """Whether any keys are valid: fetched, and not too long ago."""
        return self._fetched_at is not None and now - self._fetched_at < FRESH_FOR_S + STALE_FOR_S

    def _missed_lately(self, kid: str, now: float) -> bool:
        missed_at = self._unknown.get(kid)
        return missed_at is not None and now - missed_at < UNKNOWN_FOR_S

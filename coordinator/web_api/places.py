"""Limits concurrent work that needs much memory: a total and a per-caller limit. Decides only."""

from __future__ import annotations

from collections import Counter

from shared.errors import Rejected, Unavailable


class Places:
    """A semaphore with a total and a per-caller limit."""

    def __init__(self, in_all: int) -> None:
        self._in_all = in_all
        self._taken: Counter[str] = Counter()

    def take(self, asker: str, most: int) -> None:
        """Take a place; `most` is the limit of this caller.

        Raises `Rejected` (429 `too-many-at-once`) if the caller has reached its limit, `Unavailable` ("busy")
        if every place is taken.
        """
        if self._taken[asker] >= most:
            raise Rejected(
                f"{most} of your requests of this kind are in progress; wait until one is answered",
                code="too-many-at-once",
                status=429,
                retry_after_s=2,
            )
        if self._taken.total() >= self._in_all:
            raise Unavailable("too many enrollments at once; try again", code="busy", retry_after_s=2)
        self._taken[asker] += 1

    def leave(self, asker: str) -> None:
        """Release a place."""
        self._taken[asker] -= 1
        self._taken += Counter()  # callers without a place are forgotten

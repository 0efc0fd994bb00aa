"""Places for work that holds much memory: so many in all, and of one asker only a part. Decides only."""

from __future__ import annotations

from collections import Counter

from shared.errors import Rejected, Unavailable


class Places:
    """So many at once."""

    def __init__(self, in_all: int) -> None:
        self._in_all = in_all
        self._taken: Counter[str] = Counter()

    def take(self, asker: str, most: int) -> None:
        """Take a place; `most`: of this asker.

        Raises `Rejected` (429 `too-many-at-once`) when the asker has its part, `Unavailable` ("busy") when
        every place is taken.
        """
        if self._taken[asker] >= most:
            raise Rejected(
                f"{most} such requests of yours are under way; wait until one is answered",
                code="too-many-at-once",
                status=429,
                retry_after_s=2,
            )
        if self._taken.total() >= self._in_all:
            raise Unavailable("too many enrollments at once; try again", code="busy", retry_after_s=2)
        self._taken[asker] += 1

    def leave(self, asker: str) -> None:
        """Give back a place that was taken."""
        self._taken[asker] -= 1
        self._taken += Counter()  # askers without a place are forgotten

"""Other versions of networks beside a process's own, for the sessions that are to be looked at with them."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from typing import Final

from edge.analysis.networks import Networks
from edge.analysis.restarts import Restarts
from models.manifest import Task
from shared.errors import Corrupt, ProctorError, Unavailable

MOST: Final = 4
"""The most that are open at a time; what was opened stays open until the process ends."""


class Versions:
    """The networks of a process by the versions that are wanted. Use on one event loop."""

    def __init__(self, own: Networks, restarts: Restarts) -> None:
        self._own = own
        self._restarts = restarts
        self._others: dict[tuple[tuple[str, str], ...], Networks] = {}
        self._turn = asyncio.Lock()

    async def open(self, wanted: Mapping[str, str]) -> None:
        """Open what `of` is to give; takes seconds the first time. `wanted`: name@version by task.

        Raises `Unavailable` if a version cannot serve here, or too many are open.
        """
        if self._is_own(wanted):
            return
        async with self._turn:
            if _key(wanted) in self._others:
                return
            if self._own.beside is None or len(self._others) >= MOST:
                raise Unavailable("this node cannot open another version of a network", code="version-away")
            found = await asyncio.to_thread(_opened, self._own, wanted)
            self._restarts.watch(found.opened)
            self._others[_key(wanted)] = found

    def of(self, wanted: Mapping[str, str]) -> Networks:
        """The networks with these versions. Raises `Corrupt` if they were not opened."""
        if self._is_own(wanted):
            return self._own
        if _key(wanted) not in self._others:
            raise Corrupt(f"not open here: {', '.join(wanted.values())}")
        return self._others[_key(wanted)]

    def _is_own(self, wanted: Mapping[str, str]) -> bool:
        return set(wanted.values()) <= set(self._own.labels.values())


def _key(wanted: Mapping[str, str]) -> tuple[tuple[str, str], ...]:
    return tuple(sorted(wanted.items()))


def _opened(own: Networks, wanted: Mapping[str, str]) -> Networks:
    assert own.beside is not None
    try:
        found = own.beside({Task(task): label for task, label in wanted.items()})
    except (ProctorError, ValueError) as error:
        raise Unavailable(f"{_named(wanted)} cannot be opened: {error}", code="version-away") from error
    if not set(wanted.values()) <= set(found.labels.values()):
        raise Unavailable(f"{_named(wanted)} cannot serve on this node", code="version-away")
    return found


def _named(wanted: Mapping[str, str]) -> str:
    return ", ".join(sorted(wanted.values()))

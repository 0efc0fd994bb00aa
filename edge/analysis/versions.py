"""Other versions of networks beside a process's own, for the sessions that are to be looked at with them."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine, Iterable, Mapping
from contextlib import suppress
from itertools import chain
from typing import Any, Final

from edge.analysis.networks import Networks
from edge.analysis.restarts import Restarts
from models.runtime import Network
from models.tasks import Task
from shared.errors import Corrupt, ProctorError, Unavailable

MOST: Final = 4
"""The most that are open at a time; for one more, the first that nobody looks with is closed."""

Wanted = Mapping[str, str]
"""name@version by task."""
InUse = Callable[[], Iterable[Wanted]]
"""What is looked with now, or is about to be."""


class Versions:
    """The networks of a process by the versions that are wanted. Use on one event loop."""

    def __init__(self, own: Networks, restarts: Restarts) -> None:
        self._own = own
        self._restarts = restarts
        self._others: dict[tuple[tuple[str, str], ...], Networks] = {}
        """In the order in which they were last asked for."""
        self._turn = asyncio.Lock()

    async def open(self, wanted: Wanted, in_use: InUse) -> None:
        """Open what `of` is to give; takes seconds the first time, also when cancelled. In use it stays open.

        Raises `Unavailable` if a version cannot serve here, or too many are in use.
        """
        if self._is_own(wanted):
            return
        async with self._turn:
            known = self._others.pop(_key(wanted), None)
            if known is not None:
                self._others[_key(wanted)] = known
                return
            self._make_room({_key(one) for one in in_use()})
            try:
                self._others[_key(wanted)] = await _to_its_end(asyncio.to_thread(_opened, self._own, wanted))
            except (Unavailable, asyncio.CancelledError):
                self._own.keep(self._everything)
                raise
            finally:
                self._restarts.watch(self._everything)

    def of(self, wanted: Wanted) -> Networks:
        """The networks with these versions. Raises `Corrupt` if they were not opened."""
        if self._is_own(wanted):
            return self._own
        if _key(wanted) not in self._others:
            raise Corrupt(f"these versions of networks are not open here: {', '.join(wanted.values())}")
        return self._others[_key(wanted)]

    @property
    def _everything(self) -> tuple[Network, ...]:
        everyone = (self._own, *self._others.values())
        return tuple(dict.fromkeys(chain.from_iterable(each.opened for each in everyone)))

    def _make_room(self, in_use: set[tuple[tuple[str, str], ...]]) -> None:
        """Close what nobody looks with, if that is necessary for one more."""
        if len(self._others) >= MOST:
            unused = next((key for key in self._others if key not in in_use), None)
            if unused is not None:
                del self._others[unused]
                self._own.keep(self._everything)
        if self._own.beside is None or len(self._others) >= MOST:
            raise Unavailable("this node cannot open another version of a network", code="version-away")

    def _is_own(self, wanted: Wanted) -> bool:
        return set(wanted.values()) <= set(self._own.labels.values())


async def _to_its_end(opening: Coroutine[Any, Any, Networks]) -> Networks:
    """The opened networks. A thread cannot be stopped, so this waits for it also when it is cancelled: only
    then can what it has opened be forgotten."""
    task = asyncio.create_task(opening)
    try:
        return await asyncio.shield(task)
    except asyncio.CancelledError:
        while not task.done():
            with suppress(asyncio.CancelledError):
                await asyncio.wait({task})
        task.exception()  # nobody is left to be told
        raise


def _key(wanted: Wanted) -> tuple[tuple[str, str], ...]:
    return tuple(sorted(wanted.items()))


def _opened(own: Networks, wanted: Wanted) -> Networks:
    assert own.beside is not None
    try:
        found = own.beside({Task(task): label for task, label in wanted.items()})
    except (ProctorError, ValueError) as error:
        raise Unavailable(f"{_named(wanted)} cannot be opened: {error}", code="version-away") from error
    if not set(wanted.values()) <= set(found.labels.values()):
        raise Unavailable(f"{_named(wanted)} cannot serve on this node", code="version-away")
    return found


def _named(wanted: Wanted) -> str:
    return ", ".join(sorted(wanted.values()))

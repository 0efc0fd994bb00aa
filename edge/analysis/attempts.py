"""Makes network calls that may fail without ending a session: the value is then unknown and its task is
named."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from functools import partial
from time import monotonic, time
from typing import TypeVar
from uuid import UUID

from edge.analysis.engine import Engine
from edge.analysis.finite import is_finite
from edge.analysis.measured import Called
from shared.errors import Corrupt
from shared.events.looks import Look
from shared.seldom import Seldom

T = TypeVar("T")

log = logging.getLogger(__name__)

_calls: ContextVar[list[Called] | None] = ContextVar("_calls", default=None)


@contextmanager
def noted_calls() -> Iterator[list[Called]]:
    """Collect the calls that the running task makes, so that a trace can show them."""
    calls: list[Called] = []
    token = _calls.set(calls)
    try:
        yield calls
    finally:
        _calls.reset(token)


class Attempts:
    """One session's calls, through the engine that all sessions share."""

    def __init__(self, session_id: UUID, engine: Engine, beside: str = "") -> None:
        """`beside`: put before the tasks, for calls that must neither take the session's turns nor stop its
        tasks when they get stuck."""
        self._session_id = session_id
        self._engine = engine
        self._beside = beside
        self._failing: set[Look] = set()
        """Tasks reported as failing."""
        self._complaints = Seldom()

    async def make(self, task: Look, call: Callable[[], T], failed: list[str]) -> T | None:
        """The call's answer; on failure None, and the task is added to `failed`.

        Logs when failing begins and ends. An answer with NaN or infinity counts as a failure, because it must
        not lead to an accusation.
        """
        named, session = self._beside + task.value, self._session_id
        extra = {"task": named, "session_id": str(session)}
        begun_s, works = time(), False
        try:
            turn = (self._beside, session) if self._beside else session
            answer = await self._engine.run(named, partial(_finite, task, call), session=turn)
            works = True
        # Networks run foreign code: after any exception this look is unknown and the session continues.
        except Exception as error:
            failed.append(task.value)
            self._complain(task, extra | {"error": type(error).__name__})
            return None
        finally:
            if (calls := _calls.get()) is not None:
                calls.append(Called(task.value, begun_s, time(), failed=not works))
        if task in self._failing:
            self._failing.discard(task)
            log.info("a task works again", extra=extra)
        return answer

    def _complain(self, task: Look, extra: Mapping[str, str]) -> None:
        """Log that a task begins to fail; at most once a minute for one that alternately fails and works."""
        if task in self._failing:
            return
        count = self._complaints.count(task, monotonic())
        if count:
            self._failing.add(task)
            log.warning("a task fails; its signal is unknown", extra={**extra, "count": count})


def _finite(task: Look, call: Callable[[], T]) -> T:
    """The call's answer, checked within the call, so that the engine counts it as failed."""
    answer = call()
    if not is_finite(answer):
        raise Corrupt(f"the {task} call returned NaN or infinity")
    return answer

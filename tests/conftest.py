"""How a run is spread over several processes, and which of them has the processor first.

    pytest -n 5 --dist loadgroup --no-loadscope-reorder

The tests of a module stay in one process, so that what a module makes is made once. Whatever uses the shared
installation stays in one too, and so does everything else that happens in real time: two lanes of exams,
which begin first and at full priority. All the rest yields to them.
"""

from __future__ import annotations

import gc
import os
from collections.abc import Generator, Sequence
from typing import Any, Final

import pytest

IN_REAL_TIME: Final = "realtime"
EARLY: Final = "early"
"""Begins before the rest of those that yield: a long one that came last would keep one process busy alone."""
YIELDING: Final = 10
"""The niceness of what yields."""
LONGEST_ID: Final = 80
"""The longest text that becomes part of a test's name."""


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    if not hasattr(config, "workerinput"):  # one process runs everything, in its order
        return
    items.sort(key=_turn)
    for item in items:
        item.add_marker(pytest.mark.xdist_group(_lane(item)))


def pytest_make_parametrize_id(val: object, argname: str) -> str | None:
    """Names bytes and long texts by their argument: an archive holds the time of its making, and every
    process of a run must know a test by the same name."""
    unfit = isinstance(val, bytes | bytearray) or (isinstance(val, str) and len(val) > LONGEST_ID)
    return argname if unfit else None


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_node_collection_finished(node: Any, ids: Sequence[str]) -> None:
    """Refuses to run where no lane is kept: exams in real time would disturb one another."""
    if node.config.getoption("dist") == "loadgroup" and not all("@" in one for one in ids):
        raise pytest.UsageError("this pytest and this pytest-xdist group no tests: see pyproject.toml")


@pytest.hookimpl(wrapper=True)
def pytest_collection(session: pytest.Session) -> Generator[None, object, object]:
    """Looks for no garbage among modules and tests: they stay to the end, and there are a million objects."""
    gc.disable()
    try:
        return (yield)
    finally:
        gc.collect()
        gc.freeze()
        gc.enable()


@pytest.hookimpl(tryfirst=True)
def pytest_runtest_setup(item: pytest.Item) -> None:
    """From its first test that yields on a process yields for good; its tests in real time come before."""
    yields = hasattr(item.config, "workerinput") and not _in_real_time(item)
    if yields and (missing := YIELDING - os.nice(0)) > 0:
        os.nice(missing)


def _turn(item: pytest.Item) -> int:
    if _in_real_time(item):
        return 0
    return 1 if item.get_closest_marker(EARLY) else 2


def _lane(item: pytest.Item) -> str:
    if _shares_installation(item):
        return "installation"
    return IN_REAL_TIME if _in_real_time(item) else item.nodeid.partition("::")[0]


def _in_real_time(item: pytest.Item) -> bool:
    return _shares_installation(item) or item.get_closest_marker(IN_REAL_TIME) is not None


def _shares_installation(item: pytest.Item) -> bool:
    return isinstance(item, pytest.Function) and "installation" in item.fixturenames

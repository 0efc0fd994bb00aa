"""Threads write in turns: who waits is next, whoever asks again; and a turn is never lost."""

from __future__ import annotations

import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

import pytest

from coordinator.ground.turns import Turns
from shared.errors import Unavailable


def until(holds: Callable[[], bool]) -> None:
    deadline = time.monotonic() + 60
    while not holds():
        assert time.monotonic() < deadline
        time.sleep(0.001)


def test_who_waits_is_before_who_has_just_written_and_asks_again() -> None:
    turns, wrote = Turns(60), list[str]()

    def write(name: str) -> None:
        with turns.one():
            wrote.append(name)

    with ThreadPoolExecutor(2) as threads:
        with turns.one():
            others = []
            for name in ("first", "second"):
                others.append(threads.submit(write, name))
                until(lambda: len(turns._waiting) == len(others))
            wrote.append("backlog")
        write("backlog again")
        for one in others:
            one.result(timeout=60)
    assert wrote == ["backlog", "first", "second", "backlog again"]


def test_who_has_given_up_does_not_keep_a_turn() -> None:
    turns = Turns(0.01)

    def write() -> None:
        with turns.one():
            pass

    with ThreadPoolExecutor(1) as threads, turns.one(), pytest.raises(Unavailable, match="busy"):
        threads.submit(write).result(timeout=60)
    write()
    with pytest.raises(RuntimeError), turns.one():
        raise RuntimeError
    write()


def test_a_turn_that_comes_in_the_moment_of_giving_up_is_used(monkeypatch: pytest.MonkeyPatch) -> None:
    turns, wrote = Turns(60), list[str]()

    def too_late(event: object, timeout: float | None = None) -> bool:
        """The wait ends without its event; then the turn comes, before who waited has looked again."""
        turns._pass_on()
        return False

    monkeypatch.setattr("threading.Event.wait", too_late)
    turns._take()
    with turns.one():  # waits, and is given the turn of the first
        wrote.append("mine")
    monkeypatch.undo()
    with turns.one():
        wrote.append("next")
    assert wrote == ["mine", "next"]

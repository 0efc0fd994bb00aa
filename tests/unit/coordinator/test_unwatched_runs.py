"""Unwatched seconds of a session over the runs of its nodes."""

from __future__ import annotations

from uuid import UUID

from coordinator.sessions.watched.runs import MAX_RUNS, Runs, run_of, total, with_run
from shared.unwatched import Kind

FIRST, AGAIN = run_of(UUID(int=1), 1), run_of(UUID(int=2), 1)


def test_the_latest_words_of_a_run_replace_its_earlier_ones_and_runs_add_up() -> None:
    runs = with_run({}, FIRST, {Kind.FACE: 4.0, Kind.SOUND: 1.0}) or {}
    runs = with_run(runs, FIRST, {Kind.FACE: 6.0, Kind.SOUND: 1.0}) or {}
    runs = with_run(runs, AGAIN, {Kind.FACE: 0.5, Kind.BODY: 2.0}) or {}
    assert total(runs) == {Kind.FACE: 6.5, Kind.BODY: 2.0, Kind.SOUND: 1.0}


def test_what_is_said_again_or_late_changes_nothing() -> None:
    runs = {FIRST: {"face": 6.0}}
    assert with_run(runs, FIRST, {Kind.FACE: 6.0}) is None
    assert with_run(runs, FIRST, {Kind.FACE: 2.0}) is None
    assert total({}) is None


def test_there_is_an_end_to_the_runs_of_one_session() -> None:
    runs: Runs = {run_of(UUID(int=number), 1): {"face": 1.0} for number in range(MAX_RUNS)}
    assert with_run(runs, run_of(UUID(int=1_000), 1), {Kind.FACE: 1.0}) is None
    assert with_run(runs, run_of(UUID(int=3), 1), {Kind.FACE: 2.0}) is not None

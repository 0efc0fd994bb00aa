"""The stored rating: what the daemon reads at its start, what it does not believe, and that it says so."""

from __future__ import annotations

import logging
from datetime import UTC, datetime
from pathlib import Path

import pytest

from edge.config import UNRATED, EdgeConfig
from edge.fleet.rating import Rating
from edge.fleet.rating_file import (
    FILE_NAME,
    admitted_here,
    conditions_of,
    foreseen,
    machine_words,
    read_rating,
    store_rating,
)
from edge.workers.combined import nothing
from tests.support.session_stage import config

REPORT = nothing(1)


def settings(folder: Path, rating: int | None = None) -> EdgeConfig:
    made = config()
    analysis = made.analysis.model_copy(update={"rating": rating})
    return made.model_copy(update={"data_folder": folder, "analysis": analysis})


def stored(folder: Path, sessions: int = 5) -> Rating:
    made = Rating(
        sessions=sessions,
        measured_utc=datetime(2026, 1, 1, tzinfo=UTC),
        conditions=conditions_of(settings(folder), REPORT),
    )
    store_rating(folder, made)
    return made


def test_what_was_stored_is_read_and_a_second_one_replaces_it(tmp_path: Path) -> None:
    assert read_rating(tmp_path) is None
    stored(tmp_path)
    again = stored(tmp_path, 7)
    assert read_rating(tmp_path) == again
    assert [path.name for path in tmp_path.iterdir()] == [FILE_NAME]


def test_a_measured_rating_counts_up_to_the_configured_number(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO, "edge.fleet.rating_file")
    assert admitted_here(settings(tmp_path), REPORT) == UNRATED
    stored(tmp_path)
    assert admitted_here(settings(tmp_path), REPORT) == foreseen(settings(tmp_path)) == 5
    assert admitted_here(settings(tmp_path, rating=3), REPORT) == 3
    assert [record.levelname for record in caplog.records] == ["INFO"] * 3


def test_a_rating_of_another_machine_or_of_other_weights_is_not_believed_and_that_is_said(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    made = stored(tmp_path)
    elsewhere = made.conditions.model_copy(update={"machine": "another", "models": {"faces": "x@1"}})
    store_rating(tmp_path, made.model_copy(update={"conditions": elsewhere}))
    assert admitted_here(settings(tmp_path), REPORT) == UNRATED
    [said] = caplog.records
    assert said.levelname == "WARNING"
    assert vars(said)["reason"] == "it was measured with other values of: machine, models"


@pytest.mark.parametrize("content", [b"", b"{}", b"\xff", b'{"sessions": 0}', b"[" * 200_000])
def test_a_damaged_file_is_not_believed_and_the_node_starts(
    tmp_path: Path, content: bytes, caplog: pytest.LogCaptureFixture
) -> None:
    (tmp_path / FILE_NAME).write_bytes(content)
    assert admitted_here(settings(tmp_path, rating=3), REPORT) == foreseen(settings(tmp_path, rating=3)) == 3
    assert "not a Rating" in vars(caplog.records[0])["reason"]


def test_the_machine_is_told_by_its_processors_and_memory(tmp_path: Path) -> None:
    info = tmp_path / "cpuinfo"
    info.write_text("processor : 0\nmodel name\t: Xeon 8\n\nprocessor : 1\nmodel name\t: Xeon 8\n")
    assert machine_words(info).startswith("Xeon 8, ")
    info.write_text("Processor : AArch64\n")
    assert machine_words(info).startswith("a processor, ")

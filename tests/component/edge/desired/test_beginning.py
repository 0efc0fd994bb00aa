"""What a start of the daemon begins with, over the file of its data folder."""

from __future__ import annotations

from pathlib import Path

import pytest

from edge.config import EdgeConfig
from edge.desired import course
from edge.desired.beginning import Begun, begin, counting, give_up
from edge.desired.course import MOST_STARTS, KeptOrders
from edge.desired.kept import FILE_NAME, read_kept, write_kept
from shared.errors import ConfigError, Rejected
from shared.messages.desired import Desired
from tests.support.session_stage import config

ONE = Desired(version=1, settings={"threads": 3})
TWO = Desired(version=2, settings={"threads": 4, "workers": 1})
APPLIED = course.proved(course.on_trial(KeptOrders(), ONE, ()))
TRIED = course.restarting(course.waiting(APPLIED, TWO, ()))


def own(folder: Path, rating: int = 2) -> EdgeConfig:
    return config(rating).model_copy(update={"data_folder": folder})


def threads(begun: Begun) -> tuple[int, int]:
    return begun.own.analysis.threads, begun.running.analysis.threads


def test_a_node_that_was_given_nothing_begins_with_its_own_file(tmp_path: Path) -> None:
    begun = begin(own(tmp_path))
    assert (threads(begun), begun.kept) == ((2, 2), KeptOrders())
    assert not (tmp_path / FILE_NAME).exists()


def test_what_was_applied_counts_after_a_restart_and_the_file_is_private(tmp_path: Path) -> None:
    write_kept(tmp_path, APPLIED)
    assert (tmp_path / FILE_NAME).stat().st_mode & 0o777 == 0o600
    assert threads(begin(own(tmp_path))) == (2, 3)
    assert counting(own(tmp_path)).analysis.threads == 3


def test_what_is_tried_counts_and_after_too_many_starts_what_was_before(tmp_path: Path) -> None:
    write_kept(tmp_path, TRIED)
    for _ in range(MOST_STARTS):
        assert threads(begin(own(tmp_path))) == (2, 4)
    begun = begin(own(tmp_path))
    assert (threads(begun), course.report(begun.kept).standing) == ((2, 3), "rolled-back")
    assert threads(begin(own(tmp_path))) == (2, 3)


def test_a_daemon_that_cannot_start_takes_back_only_what_is_on_trial(tmp_path: Path) -> None:
    write_kept(tmp_path, TRIED)
    begin(own(tmp_path))
    assert give_up(own(tmp_path), "level L0 needs a GPU")
    assert not give_up(own(tmp_path), "level L0 needs a GPU")
    begun = begin(own(tmp_path))
    assert threads(begun) == (2, 3)
    assert "level L0 needs a GPU" in course.report(begun.kept).reason


def test_what_no_longer_fits_a_changed_file_is_taken_back(tmp_path: Path) -> None:
    good = course.proved(course.on_trial(KeptOrders(), Desired(version=1, settings={"rating": 11}), ()))
    few_ports = EdgeConfig.model_validate(
        {**dict(own(tmp_path)), "media": {"first_port": 20_000, "last_port": 20_039}}
    )
    write_kept(tmp_path, good)
    with pytest.raises(Rejected, match="first_port"):
        counting(few_ports)
    begun = begin(few_ports)
    assert begun.running == few_ports
    assert "does not fit the node's own file" in course.report(begun.kept).reason
    # On trial, what counted before comes next; if that does not fit either, the file alone.
    write_kept(tmp_path, course.restarting(course.waiting(good, TWO, ())))
    assert threads(begin(few_ports)) == (2, 4)
    eleven = Desired(version=3, settings={"rating": 11})
    write_kept(tmp_path, course.restarting(course.waiting(APPLIED, eleven, ())))
    begun = begin(few_ports)
    assert (threads(begun), course.report(begun.kept).in_force) == ((2, 3), 1)


@pytest.mark.parametrize("text", [b"", b"{", b'{"of": "a newer program"}', b"\xff" * 100])
def test_a_damaged_file_counts_as_none(tmp_path: Path, text: bytes) -> None:
    (tmp_path / FILE_NAME).write_bytes(text)
    begun = begin(own(tmp_path))
    assert (threads(begun), begun.kept) == ((2, 2), KeptOrders())
    write_kept(tmp_path, APPLIED)
    assert read_kept(tmp_path) == APPLIED


def test_a_full_disk_keeps_no_daemon_from_starting(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    write_kept(tmp_path, TRIED)

    def full(path: Path, text: str) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("edge.desired.kept.replace_private", full)
    assert threads(begin(own(tmp_path))) == (2, 4)
    with pytest.raises(ConfigError, match="No space left"):
        give_up(own(tmp_path), "level L0 needs a GPU")


def test_what_cannot_be_noted_is_said(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=FILE_NAME):
        write_kept(tmp_path / "missing", APPLIED)

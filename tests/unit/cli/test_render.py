"""What candidates wrote does not steer a reviewer's terminal."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta

import pytest
import yaml

from cli.render import Format, fitting, relative, write_one, write_rows

HOSTILE = "\x1b[2Jgone\x9b31m\x07\r\u202efdp.exe [bold]not bold[/bold] 日本 👩🏽‍🎓"
SHOWN = "\\x1b[2Jgone\\x9b31m\\x07\\x0d\\u202efdp.exe [bold]not bold[/bold] 日本 👩🏽‍🎓"


@pytest.mark.parametrize("write", [write_one, lambda row, form: write_rows([row], list(row), form)])
def test_what_steers_a_terminal_is_shown_as_what_it_is(
    write: object, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COLUMNS", "200")
    assert callable(write)
    write({"text": HOSTILE}, Format.TABLE)
    printed = capsys.readouterr().out
    assert SHOWN in printed
    assert not set("\x1b\x9b\x07\r\u202e") & set(printed)


def test_words_over_several_lines_stay_one_row(capsys: pytest.CaptureFixture[str]) -> None:
    write_rows([{"by": "cand", "text": "no\nbob  overturned"}], ("by", "text"), Format.TABLE)
    assert capsys.readouterr().out.splitlines()[1:] == [" cand  no ¶ bob  overturned "]


@pytest.mark.parametrize(("form", "read"), [(Format.JSON, json.loads), (Format.YAML, yaml.safe_load)])
def test_programs_get_every_character_and_terminals_none_that_steers(
    form: Format, read: object, capsys: pytest.CaptureFixture[str]
) -> None:
    write_one({"text": HOSTILE}, form)
    printed = capsys.readouterr().out
    assert callable(read)
    assert read(printed) == {"text": HOSTILE}
    assert not set("\x1b\x9b\x07\r") & set(printed)


def test_unwatched_seconds_are_told_by_kind_in_a_table_and_as_numbers_for_programs(
    capsys: pytest.CaptureFixture[str],
) -> None:
    row = {"session_id": "SESS-1", "unwatched_s": {"face": 12.5, "body": 6.0, "sound": 0.0}}
    write_one(row, Format.TABLE)
    assert "unwatched s  face 12.5, body 6, sound 0\n" in capsys.readouterr().out
    write_rows([row], ("session_id", "unwatched_s"), Format.TABLE)
    assert "face 12.5, body 6, sound 0" in capsys.readouterr().out
    write_one(row, Format.JSON)
    assert json.loads(capsys.readouterr().out) == row


ROWS = [
    {
        "session_id": f"SESS-{number}",
        "candidate_id": "C" * 20,
        "started_at": "2026-01-02T03:04:05Z",
        "more": "m" * 90,
    }
    for number in (1, 2)
]
COLUMNS = ("session_id", "candidate_id", "started_at", "more")


def test_a_table_fits_its_terminal_and_a_wide_one_is_whole(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    for width in (40, 60, 80):
        monkeypatch.setenv("COLUMNS", str(width))
        write_rows(ROWS, COLUMNS, Format.TABLE)
        lines = capsys.readouterr().out.splitlines()
        assert max(map(len, lines)) <= width
        assert [line.split()[0] for line in lines if "SESS" in line] == ["SESS-1", "SESS-2"]
        assert "d ago" in "".join(lines) if width >= 60 else "started" not in "".join(lines)
    write_rows(ROWS, COLUMNS, Format.WIDE)
    wide = capsys.readouterr().out.splitlines()
    assert len(wide) == 3
    assert wide[1].split() == ["SESS-1", "C" * 20, "2026-01-02T03:04:05Z", "m" * 90]


def test_names_are_one_a_line_for_lists_and_single_objects(capsys: pytest.CaptureFixture[str]) -> None:
    write_rows(ROWS, COLUMNS, Format.NAME)
    write_one(ROWS[0], Format.NAME)
    assert capsys.readouterr().out.splitlines() == ["SESS-1", "SESS-2", "SESS-1"]
    write_rows([], COLUMNS, Format.NAME)
    assert capsys.readouterr().out == ""


def test_an_empty_table_has_its_titles(capsys: pytest.CaptureFixture[str]) -> None:
    write_rows([], COLUMNS, Format.TABLE)
    assert capsys.readouterr().out.split() == ["session", "id", "candidate", "id", "started", "at", "more"]


@pytest.mark.parametrize(
    ("widths", "width", "kept"),
    [([36, 10, 10], 80, 3), ([36, 90, 90], 80, 3), ([36, 90, 90], 73, 2), ([90, 4], 80, 1), ([4], 80, 1)],
)
def test_the_first_columns_that_fit_are_kept(widths: list[int], width: int, kept: int) -> None:
    assert fitting(widths, width) == kept


@pytest.mark.parametrize(
    ("seconds", "text"),
    [
        (0, "now"),
        (1, "1 s ago"),
        (59.9, "59 s ago"),
        (60, "1 min ago"),
        (7_199, "1 h ago"),
        (200_000, "2 d ago"),
        (-90, "in 1 min"),
        (-0.5, "now"),
    ],
)
def test_an_instant_is_told_from_now(seconds: float, text: str) -> None:
    now_utc = datetime(2026, 1, 2, tzinfo=UTC)
    assert relative(now_utc - timedelta(seconds=seconds), now_utc) == text


def test_a_table_shows_short_ids_and_everything_else_whole_ones(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    whole = "0193a5f0-5a00-7c4e-9b6e-3f1d2c4b5a70"
    monkeypatch.setenv("COLUMNS", "200")
    for form, shown in ((Format.TABLE, whole[:13]), (Format.WIDE, whole), (Format.NAME, whole)):
        write_rows([{"incident_id": whole, "event_id": whole}], ("incident_id", "event_id"), form)
        assert capsys.readouterr().out.split()[-2 if form is not Format.NAME else 0] == shown

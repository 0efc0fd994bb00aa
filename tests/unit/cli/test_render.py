"""What candidates wrote does not steer a reviewer's terminal."""

from __future__ import annotations

import json

import pytest
import yaml

from cli.render import Format, write_one, write_rows

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

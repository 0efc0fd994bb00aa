"""`proctorctl backup` hands over to the coordinator's own program, word by word."""

from __future__ import annotations

import os

import pytest
from typer.testing import CliRunner

from cli import backups
from cli.main import app


@pytest.mark.parametrize(
    "words",
    [["list", "--config", "c.toml"], ["--help"], ["restore", "--help"], ["verify", "ID", "--x=y"], []],
)
def test_every_word_is_handed_over(words: list[str], monkeypatch: pytest.MonkeyPatch) -> None:
    called: list[list[str]] = []
    monkeypatch.setattr(backups, "find_program", lambda name: f"/bin/{name}")
    monkeypatch.setattr(os, "execv", lambda program, given: called.append([program, *given[1:]]))
    done = CliRunner().invoke(app, ["backup", *words])
    assert done.exit_code == 0, done.output
    assert called == [["/bin/proctor-coordinator", "backup", *words]]

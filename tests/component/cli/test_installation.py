"""An installation's data folder: what cannot be written there is said in one sentence."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from cli.installation import choose_ports, prepare
from shared.errors import ConfigError


@pytest.mark.parametrize("command", [["up", "--data"], ["demo", "--out"]], ids=["up", "demo"])
def test_a_folder_that_cannot_be_made_is_named_with_exit_code_two(tmp_path: Path, command: list[str]) -> None:
    (tmp_path / "file").touch()
    impossible = tmp_path / "file" / "data"
    program = [sys.executable, "-c", "from cli.main import main; main()"]
    done = subprocess.run(
        [*program, *command, str(impossible)], capture_output=True, text=True, check=False, timeout=60
    )
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr.splitlines() == [f"proctorctl: {impossible} cannot be written: Not a directory"]


def test_a_file_in_the_place_of_a_folder_is_no_traceback(tmp_path: Path) -> None:
    ports = choose_ports(tmp_path, None, None)
    (tmp_path / "logs").touch()
    with pytest.raises(ConfigError, match="File exists"):
        prepare(tmp_path, ports, profile="open", level="L1")


@pytest.mark.parametrize("broken", ["", "{", '{"nats": 4222'])
def test_ports_are_chosen_anew_where_their_memory_is_not_whole(tmp_path: Path, broken: str) -> None:
    (tmp_path / "ports.json").write_text(broken)
    chosen = choose_ports(tmp_path, None, None)
    assert choose_ports(tmp_path, None, None) == chosen

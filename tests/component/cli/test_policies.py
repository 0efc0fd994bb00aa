"""`proctorctl policies` over real files and the real `proctor-edge replay`."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
import yaml
from typer.testing import CliRunner, Result

from cli.policies import app, read_policy
from shared.errors import ConfigError, Rejected
from shared.policy.diff import in_force
from shared.policy.schema import Policy, parse_policy
from shared.recorded import write_line
from tests.support.observations import ONE, check, every, frame


def invoke(*arguments: object) -> Result:
    return CliRunner().invoke(app, [str(each) for each in arguments])


@pytest.fixture
def files(tmp_path: Path) -> dict[str, Path]:
    texts = {
        "now.json": '{"version": 3}',
        "low.yaml": "sensitivity: low\nrules:\n  HEAD_DOWN: {threshold: 35}\n",
        "bad.yaml": "colour: red\nmismatch_checks: 1\n",
        "torn.yaml": "rules: [",
        "list.json": "[1, 2]",
        "twice.yaml": "rules:\n  HEAD_DOWN: {hold_s: 3, hold_s: 9}\n",
        "twice.json": '{"rules": {"HEAD_DOWN": {"hold_s": 3, "hold_s": 9}}}',
        "near.json": '{"rules": {"MULTIPLE_FACES": {"threshold": 0.5000001}}}',
    }
    for name, words in texts.items():
        (tmp_path / name).write_text(words)
    return {name: tmp_path / name for name in texts}


def test_check_accepts_json_and_yaml(files: dict[str, Path]) -> None:
    done = invoke("check", files["now.json"], files["low.yaml"])
    assert (done.exit_code, done.output.count("a policy")) == (0, 2)


def test_check_names_every_wrong_path_and_ends_with_one(files: dict[str, Path]) -> None:
    done = invoke("check", files["now.json"], files["bad.yaml"], "-o", "json")
    assert done.exit_code == 1
    good, bad = json.loads(done.output)
    assert good["problems"] == []
    assert {problem["path"] for problem in bad["problems"]} == {"colour", "mismatch_checks"}


@pytest.mark.parametrize("name", ["torn.yaml", "list.json", "bad.yaml", "twice.yaml"])
def test_check_refuses_what_holds_no_policy_and_names_it(files: dict[str, Path], name: str) -> None:
    assert invoke("check", files[name]).exit_code == 1
    with pytest.raises(Rejected, match=name):
        read_policy(files[name])


@pytest.mark.parametrize("name", ["twice.yaml", "twice.json"])
def test_a_name_that_stands_twice_is_refused_at_its_path(files: dict[str, Path], name: str) -> None:
    (said,) = json.loads(invoke("check", files[name], "-o", "json").output)
    assert [problem["path"] for problem in said["problems"]] == ["rules.HEAD_DOWN.hold_s"]


def test_anchors_that_unfold_without_end_cost_nothing(tmp_path: Path) -> None:
    lines = ["a0: &a0 [x, x, x, x, x, x, x, x, x]"]
    lines += [f"a{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 9)}]" for n in range(1, 30)]
    for name, text in (("bomb", "\n".join([*lines, "sounds: *a29"])), ("self", "rules: &r {HEAD_DOWN: *r}")):
        path = tmp_path / name
        path.write_text(text)
        with pytest.raises(Rejected, match="expands to more than"):
            read_policy(path)


def test_check_goes_on_after_a_file_that_it_cannot_read(files: dict[str, Path], tmp_path: Path) -> None:
    done = invoke("check", tmp_path / "none.yaml", files["now.json"])
    assert done.exit_code == 1
    assert "cannot be read" in done.output
    assert "now.json: a policy" in done.output


def test_what_a_file_names_steers_no_terminal(tmp_path: Path) -> None:
    path = tmp_path / "red.yaml"
    path.write_text('"\\e[31mred": 1\n')
    assert "\x1b" not in invoke("check", path).output


def test_a_missing_file_is_a_wrong_command_line(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="cannot be read"):
        read_policy(tmp_path / "none.yaml")


@pytest.mark.parametrize("output", ["json", "yaml"])
def test_show_writes_the_rules_in_force(files: dict[str, Path], output: str) -> None:
    said = yaml.safe_load(invoke("show", files["low.yaml"], "-o", output).output)
    wanted = parse_policy({"sensitivity": "low", "rules": {"HEAD_DOWN": {"threshold": 35}}})
    assert said == in_force(wanted)
    assert yaml.safe_load(invoke("show", "-o", output).output) == in_force(Policy())


def test_show_prints_every_event_with_its_unit(files: dict[str, Path]) -> None:
    shown = invoke("show", files["low.yaml"]).output
    assert "HEAD_DOWN" in shown
    assert "VIRTUAL_CAMERA_SUSPECTED" in shown


def test_diff_tells_what_is_in_force(files: dict[str, Path]) -> None:
    said = json.loads(invoke("diff", files["now.json"], files["low.yaml"], "-o", "json").output)
    changes = {change["path"]: (change["before"], change["after"]) for change in said}
    assert changes["rules.HEAD_DOWN.threshold"] == (30, 35)
    assert changes["rules.LEFT_FRAME.hold_s"] == (5, 7.5)
    near = invoke("diff", files["now.json"], files["near.json"]).output
    assert "0.5000001" in near
    assert "are equal" in invoke("diff", files["now.json"], files["now.json"]).output


def test_simulate_tells_what_each_policy_would_have_flagged(files: dict[str, Path], tmp_path: Path) -> None:
    honest = frame(0, faces=ONE, identity=check(0.9))
    exam = [*every(0, 10, honest), *every(10, 17, frame(0, faces=())), *every(17, 30, honest)]
    recorded = tmp_path / "observations.jsonl"
    recorded.write_bytes(b"".join(map(write_line, exam)))
    policies = ("--policy", files["low.yaml"], "--policy", files["now.json"])
    said = json.loads(invoke("simulate", recorded, *policies, "-o", "json").output)
    assert [(each["policy"], len(each["findings"])) for each in said["policies"]] == [
        ("low.yaml", 0), ("now.json", 1)]  # fmt: skip
    assert "FACE_NOT_FOUND" in invoke("simulate", recorded, *policies).output


def test_simulate_passes_on_why_it_cannot(files: dict[str, Path], tmp_path: Path) -> None:
    done = invoke("simulate", tmp_path / "none.jsonl", "--policy", files["now.json"])
    assert isinstance(done.exception, ConfigError)
    assert "cannot be read" in str(done.exception)

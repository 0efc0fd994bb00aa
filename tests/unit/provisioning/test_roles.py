"""What the roles of ansible say of themselves is true: arguments, defaults, secrets, metrics. Only read."""

from __future__ import annotations

import ast
import json
import re
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
import yaml

from coordinator.ground.ca_files import CaStep, take_step
from coordinator.ground.own_keys import make_own_keys, own_key_files
from coordinator.ground.signing_files import SigningStep, take_signing_step
from coordinator.nodes.gauges import GAUGES

ROOT = Path(__file__).parents[3]
ROLES = sorted(path for path in (ROOT / "ansible/roles").iterdir() if path.is_dir())
STEPS = ("validate", "install", "configure", "service")
SECRET = re.compile(r"\w+_(secret|password)\b")
EXPORTING = (
    "edge/fleet/metrics.py",
    "coordinator/app.py",
    "coordinator/web_api/metrics.py",
    "ansible/roles/postgres/templates/dump.service.j2",
)
"""Where metrics get their names."""
OF_OTHERS = re.compile(r"node_filesystem_\w+|up")
"""Metrics of the node exporter, and of Prometheus itself."""
METRIC = re.compile(r"\b([a-z]\w*_\w+|up)\b(?=[{\[ )]|$)")
NO_METRICS = {"histogram_quantile", "min_over_time", "label_values", "time"}

named_by_role = pytest.mark.parametrize("role", ROLES, ids=lambda role: role.name)


def read(path: Path) -> Any:
    return yaml.safe_load(path.read_text("utf-8")) if path.exists() else None


def entries(role: Path) -> dict[str, Any]:
    found: dict[str, Any] = read(role / "meta/argument_specs.yml")["argument_specs"]
    return found


def tasks_in(found: Any) -> Iterator[dict[str, Any]]:
    for one in found or ():
        yield one
        yield from tasks_in(one.get("block"))


def tasks_of(role: Path) -> list[dict[str, Any]]:
    return [task for path in sorted((role / "tasks").glob("*.yml")) for task in tasks_in(read(path))]


@named_by_role
def test_the_defaults_are_those_that_the_arguments_promise(role: Path) -> None:
    told = {
        name: option["default"]
        for entry in entries(role).values()
        for name, option in entry.get("options", {}).items()
        if "default" in option
    }
    assert told == (read(role / "defaults/main.yml") or {})


@named_by_role
def test_every_argument_is_named_after_its_role_and_used(role: Path) -> None:
    text = "".join(
        path.read_text("utf-8")
        for folder in ("tasks", "templates", "vars", "handlers", "defaults")
        for path in sorted((role / folder).rglob("*"))
        if path.is_file()
    )
    for entry in entries(role).values():
        for name, option in entry.get("options", {}).items():
            assert name.startswith(f"{role.name}_")
            assert option["description"]
            assert len(re.findall(rf"\b{name}\b", text)) > ("default" in option), f"{name} does nothing"


@named_by_role
def test_a_role_has_the_steps_of_all_roles_in_their_order(role: Path) -> None:
    steps = [
        task["ansible.builtin.import_tasks"].removesuffix(".yml") for task in read(role / "tasks/main.yml")
    ]
    assert steps == [step for step in STEPS if step in steps]
    assert {"validate", "install", "configure"} <= set(steps)


@named_by_role
def test_no_secret_is_shown(role: Path) -> None:
    for task in tasks_of(role):
        spoken = json.dumps(
            {key: value for key, value in task.items() if key not in ("when", "block", "name")}
        )
        if SECRET.search(spoken) or "_token.stdout" in spoken:
            assert task.get("no_log") is True, task["name"]


def test_only_templates_say_that_ansible_manages_a_file() -> None:
    """Elsewhere the variable is not defined, and the task fails on the machine."""
    for path in sorted((ROOT / "ansible").rglob("*.yml")):
        assert "ansible_managed" not in path.read_text("utf-8"), path


def exported() -> set[str]:
    names = {gauge.name for gauge in GAUGES}
    for place in EXPORTING:
        text = (ROOT / place).read_text("utf-8")
        if place.endswith(".py"):
            names |= {
                node.value
                for node in ast.walk(ast.parse(text))
                if isinstance(node, ast.Constant) and isinstance(node.value, str)
            }
        else:
            names |= set(re.findall(r"\w+_\w+", text))
    return names


def expressions() -> Iterator[tuple[str, str]]:
    files = ROOT / "ansible/roles/monitoring/files"
    for group in read(files / "proctor.rules.yml")["groups"]:
        for rule in group["rules"]:
            yield rule["alert"], rule["expr"]
    for board in sorted(files.glob("*.json")):
        for panel in json.loads(board.read_text("utf-8"))["panels"]:
            for target in panel["targets"]:
                yield f"{board.stem}: {panel['title']}", target["expr"]


@pytest.mark.parametrize(("where", "expression"), list(expressions()))
def test_every_metric_that_is_asked_for_is_exported(where: str, expression: str) -> None:
    bare = re.sub(r'"[^"]*"|by \([^)]*\)', "", expression)
    asked = set(METRIC.findall(bare)) - NO_METRICS
    assert asked, f"{where} asks for nothing"
    for name in asked:
        base = re.sub(r"_(total|bucket|sum|count)$", "", name)
        assert OF_OTHERS.fullmatch(name) or {name, base} & exported(), f"{where}: nobody exports {name}"


def test_grafana_is_given_every_dashboard_each_under_an_id_of_its_own() -> None:
    files = ROOT / "ansible/roles/monitoring/files"
    boards = {board.name: json.loads(board.read_text("utf-8")) for board in files.glob("*.json")}
    assert {board["uid"] for board in boards.values()} == {f"proctor-{Path(name).stem}" for name in boards}
    [given] = [
        task["loop"]
        for task in tasks_of(ROOT / "ansible/roles/monitoring")
        if task["name"] == "Give Grafana its dashboards"
    ]
    assert sorted(given) == sorted([*boards, "proctor.yml"])
    for name, board in boards.items():
        corners = [(panel["gridPos"]["x"], panel["gridPos"]["y"]) for panel in board["panels"]]
        numbers = [panel["id"] for panel in board["panels"]]
        assert len(set(corners)) == len(set(numbers)) == len(numbers), name


def test_every_alert_says_what_to_do() -> None:
    for group in read(ROOT / "ansible/roles/monitoring/files/proctor.rules.yml")["groups"]:
        for rule in group["rules"]:
            assert rule["labels"]["severity"] in ("page", "ticket")
            assert rule["annotations"]["summary"]
            assert rule["annotations"]["runbook"]


def test_example_inventories_name_only_groups_of_the_playbook() -> None:
    known = {play["hosts"] for play in read(ROOT / "ansible/playbooks/site.yml") if "hosts" in play}
    for path in (ROOT / "ansible/inventories").glob("*/hosts.yml"):
        groups = set(read(path)["all"]["children"])
        assert {"postgres", "coordinator", "nats", "edge"} <= groups, path
        assert groups - known <= {"centre"}, path


def test_examples_set_only_what_roles_take() -> None:
    taken = {
        name
        for role in ROLES
        for entry in entries(role).values()
        for name in entry.get("options", {})  # a name that nobody takes would be left as it is, silently
    }
    for path in (ROOT / "ansible/inventories").glob("*/group_vars/*.yml"):
        assert set(read(path)) - {"ansible_user"} <= taken, path


def test_a_node_that_is_taken_out_leaves_no_file_of_its_roles() -> None:
    written: set[str] = set()
    for role in (ROOT / "ansible/roles/edge", ROOT / "ansible/roles/proxy"):
        for task in tasks_of(role):
            for module in ("ansible.builtin.template", "ansible.builtin.copy"):
                written.add(task.get(module, {}).get("dest", ""))
            if task.get("ansible.builtin.include_role", {}).get("tasks_from") == "open_ports":
                written.add(f"/etc/nftables.d/{task['vars']['common_role']}.nft")
    left = (ROOT / "ansible/playbooks/decommission.yml").read_text("utf-8")
    known = {"{{ proxy_site }}": "edge", "{{ _edge_secrets }}/turn": "/etc/proctor/edge-secrets"}
    for path in written - {""}:
        for name, meant in known.items():
            path = path.replace(name, meant)
        for kind in ("pem", "key"):
            assert path.replace("{{ item.kind }}", kind) in left, path


def wanted_by(role: str, part: str) -> Iterator[str]:
    """What a part of a role, and what it includes, notifies."""
    for task in tasks_in(read(ROOT / "ansible/roles" / role / "tasks" / f"{part}.yml")):
        yield from [task["notify"]] if "notify" in task else []
        if "ansible.builtin.import_tasks" in task:
            yield from wanted_by(role, task["ansible.builtin.import_tasks"].removesuffix(".yml"))
        if included := task.get("ansible.builtin.include_role"):
            yield from wanted_by(included["name"], included.get("tasks_from", "main"))


def test_a_restore_starts_nothing_before_all_else_is_there() -> None:
    [play] = [
        one for one in read(ROOT / "ansible/playbooks/restore.yml") if one.get("hosts") == "coordinator[0]"
    ]
    for task in tasks_in(play["tasks"]):
        if included := task.get("ansible.builtin.include_role"):
            assert list(wanted_by(included["name"], included["tasks_from"])) == [], included


def plays(name: str) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = read(ROOT / "ansible/playbooks" / name)
    return found


@pytest.mark.parametrize("playbook", ["site.yml", "upgrade.yml"])
def test_coordinators_change_one_after_the_other(playbook: str) -> None:
    """Each of them restarts when it is changed, and the others serve meanwhile."""
    changing = [one for one in plays(playbook) if {"role": "coordinator"} in one.get("roles", ())]
    assert [(one["hosts"], one["serial"], one["max_fail_percentage"]) for one in changing] == [
        ("coordinator", 1, 0)
    ]


@pytest.mark.parametrize("playbook", ["backup.yml", "restore.yml", "rotate.yml"])
def test_what_all_coordinators_share_is_changed_at_one(playbook: str) -> None:
    """A command of ours that makes or changes something is told to the first one only."""
    for play in plays(playbook):
        for task in tasks_in(play.get("tasks")):
            command = str(task.get("ansible.builtin.command", ""))
            if "coordinator" in str(play.get("hosts")) and "proctor-coordinator" in command:
                assert play["hosts"] == "coordinator[0]", task["name"]
    for path in (ROOT / "ansible/playbooks/tasks").glob("rotate_*.yml"):
        for task in read(path):
            if "rotate_master }}" in json.dumps(task):
                assert task["when"] == "inventory_hostname == groups['coordinator'] | first", task["name"]


def test_every_own_key_of_the_first_coordinator_goes_to_the_others(tmp_path: Path) -> None:
    keys, now_utc = make_own_keys(tmp_path, None), datetime.now(UTC)
    take_step(tmp_path, keys.keyring, CaStep.PREPARE, now_utc)
    take_signing_step(tmp_path, keys.keyring, SigningStep.PREPARE, now_utc)
    values = read(ROOT / "ansible/roles/coordinator/vars/main.yml")
    patterns = values["_coordinator_keys_at_start"] + values["_coordinator_keys_followed"]
    given = {path.name for pattern in patterns for path in tmp_path.glob(pattern)}
    assert given == {path.name for path in tmp_path.iterdir()}
    assert given == {path.name for path in own_key_files(tmp_path)} | {"master.key"}

"""A node that is not well after an upgrade runs as before it: release, settings and unit."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import yaml

ROOT = Path(__file__).parents[3]
PLAYBOOK = ROOT / ".tools/ansible/bin/ansible-playbook"
TASKS = ROOT / "ansible/playbooks/tasks"


def state(current: Path, files: list[Path]) -> list[object]:
    return [os.readlink(current), *((file.read_text(), file.stat().st_mode) for file in files)]


def test_a_failed_upgrade_brings_release_settings_and_unit_back(tmp_path: Path) -> None:
    former, later, current = tmp_path / "1.0", tmp_path / "1.1", tmp_path / "current"
    files = [tmp_path / "edge.toml", tmp_path / "proctor-edge.service"]
    for folder in (former, later):
        folder.mkdir()
    current.symlink_to(former)
    for file, mode in zip(files, (0o640, 0o644), strict=True):
        file.write_text(f"the former {file.name}\n")
        file.chmod(mode)
    before = state(current, files)
    another = tmp_path / "another.sh"
    lines = [f"ln -sfn {later} {current}"]
    lines += [f"rm {file}; echo another > {file}; chmod 600 {file}" for file in files]
    another.write_text("\n".join(lines))
    given = {
        "tasks": str(TASKS),
        "another": str(another),
        "_upgrade_current": str(current),
        "_upgrade_files": [str(file) for file in files],
        "ansible_python_interpreter": sys.executable,
    }
    asked = [str(PLAYBOOK), "-i", "localhost,", str(Path(__file__).with_name("go_back.yml"))]
    ran = subprocess.run([*asked, "-e", json.dumps(given)], capture_output=True, text=True, check=False)
    assert ran.returncode == 0, ran.stdout
    assert state(current, files) == before


def test_what_is_kept_is_all_that_the_upgrade_writes_beside_the_release() -> None:
    """And systemd reads the unit that is back."""
    tasks: list[dict[str, Any]] = yaml.safe_load((TASKS / "upgrade_node.yml").read_text())
    [change] = [task for task in tasks if task["name"] == "Change it"]
    names = [task.get("ansible.builtin.include_tasks") for task in (*tasks, *change["rescue"])]
    assert names.index("keep_former.yml") < names.index("go_back.yml")
    [restart] = [
        each["ansible.builtin.systemd_service"]
        for each in change["rescue"]
        if "ansible.builtin.systemd_service" in each
    ]
    assert restart == {"name": "proctor-edge", "state": "restarted", "daemon_reload": True}
    plays = yaml.safe_load((ROOT / "ansible/playbooks/upgrade.yml").read_text())
    kept = {path for play in plays for path in play.get("vars", {}).get("_upgrade_files", ())}
    configured = yaml.safe_load((ROOT / "ansible/roles/edge/tasks/configure.yml").read_text())
    written = {
        task["ansible.builtin.template"]["dest"] for task in configured if "ansible.builtin.template" in task
    }
    assert kept == written

"""The doctor at an installation that runs, and at the same one with its hub killed."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from tests.support.whole import Whole

pytestmark = pytest.mark.weights
PROGRAM = Path(sys.executable).with_name("proctorctl")


def examined(site: Whole) -> tuple[int, dict[str, dict[str, Any]]]:
    folder = site.prepared.folder
    token = {
        "PROCTOR_URL": site.prepared.coordinator_url,
        "PROCTOR_TOKEN_FILE": f"{folder}/secrets/admin.token",
    }
    command: list[str | Path] = [PROGRAM, "doctor", "--data", folder, "-o", "json"]
    done = subprocess.run(command, env=os.environ | token, capture_output=True, text=True, timeout=100)
    return done.returncode, {one["what"]: one for one in json.loads(done.stdout)}


def test_a_running_installation_is_well_and_a_dead_hub_is_found(site: Whole) -> None:
    code, found = examined(site)
    assert (code, [one for one in found.values() if one["standing"] == "broken"]) == (0, [])
    well = {what for what, one in found.items() if one["standing"] == "ok"}
    assert {"hub", "coordinator", "coordinator's clock", "token"} <= well, found
    # Degraded is what a node truly is while this machine is busy with something else.
    assert found[f"node {site.prepared.node_id}"]["standing"] in ("ok", "warning"), found
    site.kill("nats-server")
    code, found = examined(site)
    assert (code, found["hub"]["standing"], found["coordinator"]["standing"]) == (1, "broken", "broken")
    assert "hub" in found["coordinator"]["says"]

"""What the doctor makes of its readings."""

from __future__ import annotations

import stat
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import httpx
import pytest

from cli.doctor.finding import Grade, broken, exit_code, ok, unknown, warning
from cli.doctor.machine import judge_clock, judge_permissions, judge_room, judge_weights
from cli.doctor.place import Address, find_place
from cli.doctor.services import DAY_S, judge_certificate, judge_coordinator, judge_hub, judge_node, judge_skew
from coordinator.nodes.examples import NODE_EXAMPLES
from models.tasks import Task
from shared.api.nodes import NodeOut
from shared.errors import ConfigError
from shared.events.looks import Look

FOLDER = Path("/srv/proctor")
CLOSED, OPEN = stat.S_IFDIR | 0o700, stat.S_IFDIR | 0o755
HUB = {"version": "2.15.1", "jetstream": True, "max_payload": 1_048_576}
HERE = Address("127.0.0.1", 4222)
NOW = datetime(2026, 11, 22, 14, tzinfo=UTC)


def test_only_what_is_broken_fails_the_whole() -> None:
    assert exit_code([ok("a", ""), warning("b", "", ""), unknown("c", "")]) == 0
    assert exit_code([ok("a", ""), broken("b", "", "")]) == 1


@pytest.mark.parametrize(
    ("folder", "file", "standing"),
    [
        (CLOSED, 0o600, Grade.OK),
        (CLOSED, 0o644, Grade.WARNING),
        (CLOSED, 0o620, Grade.WARNING),
        (OPEN, 0o600, Grade.BROKEN),
    ],
)
def test_keys_are_nobody_elses(folder: int, file: int, standing: Grade) -> None:
    found = judge_permissions((FOLDER, folder), [(FOLDER / "secrets" / "admin.token", file)])
    assert found.standing is standing
    assert (standing is Grade.OK) == (found.mend == "")


@pytest.mark.parametrize(
    ("days", "standing"), [(90, "ok"), (21, "ok"), (20.9, "warning"), (0.5, "warning"), (-1, "warning")]
)
def test_the_end_of_the_hubs_certificate_is_told_three_weeks_before(days: float, standing: str) -> None:
    found = judge_certificate(1e9 + days * DAY_S, 1e9)
    assert found.standing == standing
    assert ("hub-certificate" in found.mend) == (standing == "warning")


@pytest.mark.parametrize(
    ("free", "standing"), [(100 * 2**20, "broken"), (2**30, "warning"), (50 * 2**30, "ok")]
)
def test_a_full_disk_is_told_before_alerts_are_lost(free: int, standing: str) -> None:
    assert judge_room(FOLDER, free).standing == standing


@pytest.mark.parametrize(("state", "standing"), [(0, "ok"), (5, "warning"), (None, "unknown")])
def test_the_kernels_word_on_the_clock_is_taken(state: int | None, standing: str) -> None:
    assert judge_clock(state).standing == standing


@pytest.mark.parametrize(
    ("change", "standing"),
    [
        ({}, "ok"),
        ({"version": "2.11.15-beta.1"}, "ok"),
        ({"version": "2.9.10"}, "broken"),
        ({"jetstream": False}, "broken"),
        ({"max_payload": 1_000}, "broken"),
    ],
)
def test_a_hub_must_be_new_enough_with_jetstream_and_take_an_alert(
    change: dict[str, Any], standing: str
) -> None:
    assert judge_hub(HUB | change, HERE).standing == standing


def test_what_does_not_answer_as_a_coordinator_is_none() -> None:
    ready = httpx.Response(200, json={"status": "ready", "reasons": []})
    unready = httpx.Response(
        503, json={"status": "unready", "reasons": ["the hub cannot be reached: refused"]}
    )
    assert judge_coordinator(ready, HERE).standing is Grade.OK
    assert judge_coordinator(unready, HERE).says == "the hub cannot be reached: refused"
    for other in (httpx.Response(200, text="<html>"), httpx.Response(404, json={"detail": "Not Found"})):
        assert "another program" in judge_coordinator(other, HERE).says


@pytest.mark.parametrize(
    ("date", "standing"),
    [
        ("Sun, 22 Nov 2026 14:00:01 GMT", "ok"),
        ("Sun, 22 Nov 2026 13:59:20 GMT", "broken"),
        ("yesterday", "unknown"),
        (None, "unknown"),
    ],
)
def test_clocks_that_differ_are_told(date: str | None, standing: str) -> None:
    assert judge_skew(date, NOW).standing == standing


def test_the_place_is_read_from_the_files_of_up(tmp_path: Path) -> None:
    (tmp_path / "coordinator.toml").write_text(
        '[nats]\nurl = "nats://10.0.0.5:4333"\n[status]\nport = 8123\n'
    )
    (tmp_path / "edge.toml").write_text(
        '[web]\nport = 8199\n[status]\nhost = "0.0.0.0"\nport = 8200\n[analysis]\nprofile = "research"\n'
    )
    place = find_place(tmp_path, None, None)
    assert (place.hub_url, place.hub_ca) == ("nats://10.0.0.5:4333", None)
    assert (place.hub, place.coordinator) == (Address("10.0.0.5", 4333), Address("127.0.0.1", 8123))
    assert (place.edge, place.profile) == (Address("127.0.0.1", 8200), "research")
    nowhere = find_place(tmp_path / "none", None, None)
    assert (nowhere.folder, nowhere.hub, nowhere.edge) == (None, None, None)
    (tmp_path / "coordinator.toml").write_text('[nats]\nurl = "tls://a:1,tls://b:2"\nca_file = "ca.pem"\n')
    cluster = find_place(tmp_path, None, None)
    assert (cluster.hub, cluster.hub_ca) == (Address("a", 1), tmp_path / "ca.pem")
    (tmp_path / "edge.toml").write_text("no toml")
    with pytest.raises(ConfigError, match=r"edge\.toml"):
        find_place(tmp_path, None, None)


def test_what_is_not_looked_for_is_said_with_its_reason() -> None:
    phrases = {Look.PHRASES: "no network for speech-recognition is present"}
    found = judge_weights("/weights", "open", lacking=[], unserved=phrases)
    assert (found.standing, found.says) == (
        Grade.WARNING,
        "not looked for, so never raised: phrases (no network for speech-recognition is present)",
    )
    assert "--task speech-recognition" in found.mend
    assert judge_weights("/weights", "open", lacking=[], unserved={}).standing is Grade.OK


def test_what_an_ordinary_exam_needs_and_lacks_is_broken() -> None:
    found = judge_weights("/weights", "open", lacking=[Task.IRIS], unserved={Look.HEAD: "none"})
    assert (found.standing, found.says) == (Grade.BROKEN, "/weights has no network for iris, head")
    assert found.mend == "run: proctorctl models fetch --profile open"


SILENT = {"reason": "silent", "text": "No heartbeat has come.", "fix": "Look at it."}


@pytest.mark.parametrize(
    ("state", "why", "standing", "says", "mend"),
    [
        ("healthy", [], Grade.OK, "healthy: 6 sessions", ""),
        ("missing", [SILENT], Grade.BROKEN, "missing: No heartbeat has come.", "Look at it."),
        ("joining", [SILENT], Grade.BROKEN, "joining: No heartbeat has come.", "Look at it."),
        ("degraded", [SILENT], Grade.WARNING, "degraded: No heartbeat has come.", "Look at it."),
        ("draining", [SILENT], Grade.OK, "draining: No heartbeat has come.", ""),
        ("cordoned", [SILENT], Grade.OK, "cordoned: No heartbeat has come.", ""),
        ("revoked", [SILENT], Grade.OK, "revoked: No heartbeat has come.", ""),
    ],
)
def test_a_node_is_judged_by_its_state(
    state: str, why: list[dict[str, str]], standing: Grade, says: str, mend: str
) -> None:
    found = judge_node(NodeOut.model_validate({**NODE_EXAMPLES["NodeOut"], "state": state, "why": why}))
    assert (found.standing, found.says, found.mend) == (standing, says, mend)
    assert found.what == f"node {NODE_EXAMPLES['NodeOut']['node_id']}"

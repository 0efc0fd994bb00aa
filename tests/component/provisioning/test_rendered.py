"""What the roles write is taken by the programs that read it: one run of ansible renders all templates."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path, PurePath
from typing import Any

import pytest
import yaml
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from cli.programs import find_nats_server
from coordinator.config import CoordinatorConfig
from coordinator.nodes.hub_identities import hub_settings
from edge.config import EdgeConfig
from shared.config_file import load
from shared.sealing import new_sealing_key, sealing_public_text, signing_public_text

ROOT = Path(__file__).parents[3]
ROLES = ROOT / "ansible/roles"
PLAYBOOK = ROOT / ".tools/ansible/bin/ansible-playbook"
SECRET = "0123456789abcdef-of-the-relay"
CHOSEN: dict[str, Any] = {
    "coordinator_url": "https://proctor.example.org",
    "coordinator_hub_url": "tls://hub1.example.org:4222,tls://hub2.example.org:4222",
    "coordinator_database_url": "postgresql+psycopg://proctor-coordinator@db.example.org/proctor",
    "coordinator_database_password": "a password of a vault",
    "coordinator_turn_urls": ["turns:turn.example.org:5349?transport=tcp"],
    "coordinator_more_settings": "[faces]\nvalid_days = 200\n",
    "backup_target": "s3://exams/proctor",
    "backup_recipient": sealing_public_text(new_sealing_key().public_key()),
    "backup_keyring_target": "/srv/keyring",
    "backup_endpoint_url": "https://s3.example.org",
    "backup_bucket_secret": "an id:a secret of a vault",
    "edge_region": "campus",
    "edge_url": "https://edge1.example.org",
    "edge_turn_urls": ["turn:turn.example.org:3478"],
    "edge_rating": 12,
    "turn_name": "turn.example.org",
    "turn_secret": SECRET,
    "turn_peers": ["10.0.0.5"],
    "postgres_clients": ["10.0.0.9"],
    "monitoring_receivers": [{"name": "staff", "webhook_configs": [{"url": "http://127.0.0.1:9/"}]}],
}
LEFT_OUT = {"backup_target": "", "coordinator_turn_urls": [], "coordinator_more_settings": ""}
"""What an installation need not have."""
EXPOSURE = {"proctor-coordinator": 2.0, "proctor-edge": 2.0, "nats": 2.0}
"""The most that `systemd-analyze security` may find of a unit, of 10."""
UNITS = {"proctor-coordinator": "coordinator.service", "proctor-edge": "edge.service", "nats": "nats.service"}


@pytest.fixture(scope="module")
def rendered(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("rendered")
    out = folder / "out"
    out.mkdir()
    operator, system, account = (Ed25519PrivateKey.generate() for _ in range(3))
    fleet = folder / "fleet.conf"
    fleet.write_text(
        hub_settings(operator, system, account, PurePath("/var/lib/nats/accounts"), datetime.now(UTC))
    )
    chosen = folder / "chosen.yml"
    chosen.write_text(yaml.safe_dump(CHOSEN))
    groups = {group: {"hosts": {"one": None}} for group in ("coordinator", "nats", "edge", "monitoring")}
    inventory = folder / "hosts.yml"
    inventory.write_text(yaml.safe_dump({"all": {"children": groups}}))
    given: dict[str, Any] = {
        "out": str(folder / "out.json"),
        "presets": [
            str(path) for name in ("defaults", "vars") for path in sorted(ROLES.glob(f"*/{name}/main.yml"))
        ],
        "written": [str(path) for path in sorted(ROLES.glob("*/templates/*.j2"))],
        "least": str(ROLES / "coordinator/templates/coordinator.toml.j2"),
        "left_out": LEFT_OUT,
        "fleet": str(fleet),
        "chosen": str(chosen),
        "signing_key": signing_public_text(operator.public_key()),
        "ansible_python_interpreter": sys.executable,
    }
    asked = [str(PLAYBOOK), "-i", str(inventory), str(Path(__file__).with_name("render.yml"))]
    asked += ["-e", json.dumps(given)]
    ran = subprocess.run(asked, capture_output=True, text=True, check=False)
    assert ran.returncode == 0, ran.stdout
    for name, text in json.loads((folder / "out.json").read_text()).items():
        (out / name).write_text(text)
    return out


def told(*asked: str | Path) -> str:
    ran = subprocess.run(list(map(str, asked)), capture_output=True, text=True, check=False)
    assert ran.returncode == 0, ran.stdout + ran.stderr
    return ran.stdout + ran.stderr


def needed(program: str) -> str:
    found = shutil.which(program, path="/usr/bin:/usr/sbin:/bin:/sbin")
    if found is None:
        pytest.skip(f"{program} is not installed: what it would judge is left to `make machines`")
    return found


def test_the_coordinator_takes_its_settings(rendered: Path) -> None:
    settings = load(rendered / "coordinator.toml", CoordinatorConfig)
    assert settings.nats.login == "identity"
    assert settings.web.connections.trusted_proxies == ("127.0.0.1/32",)
    assert settings.database.endswith("?passfile=/run/credentials/proctor-coordinator.service/database")
    assert settings.ice.servers[0].secret_file == Path("/run/credentials/proctor-coordinator.service/turn")
    assert settings.faces.valid_days == 200
    assert settings.backup is not None
    assert (settings.backup.target, settings.backup.keyring_target) == ("s3://exams/proctor", "/srv/keyring")
    assert settings.backup.recipient == CHOSEN["backup_recipient"]
    assert settings.backup.bucket.endpoint_url == "https://s3.example.org"
    secret = Path("/run/credentials/proctor-coordinator.service/bucket")
    assert settings.backup.bucket.credentials_file == secret


def test_the_coordinator_takes_settings_without_backups_and_relays(rendered: Path) -> None:
    settings = load(rendered / "least.toml", CoordinatorConfig)
    assert (settings.backup, settings.ice.servers) == (None, ())


def test_a_node_takes_its_settings(rendered: Path) -> None:
    settings = load(rendered / "edge.toml", EdgeConfig)
    assert (settings.analysis.rating, settings.room_for_media) == (12, 250)
    assert settings.coordinator.url == "https://proctor.example.org"
    assert settings.media.ice_servers[0].secret_file == Path("/run/credentials/proctor-edge.service/turn")


def test_the_hub_takes_its_settings(rendered: Path) -> None:
    assert "valid" in told(find_nats_server(), "-t", "-c", rendered / "nats.conf")


@pytest.mark.parametrize("unit", UNITS)
def test_a_unit_gives_a_daemon_only_what_it_needs(rendered: Path, tmp_path: Path, unit: str) -> None:
    analyze = needed("systemd-analyze")
    path = tmp_path / f"{unit}.service"
    path.write_text((rendered / UNITS[unit]).read_text())
    bound = f"--threshold={EXPOSURE[unit] * 10:.0f}"
    told(analyze, "security", "--offline=true", "--no-pager", bound, path)


@pytest.mark.parametrize("file", sorted(file.name for file in ROLES.glob("*/templates/*.j2")))
def test_secrets_are_only_in_the_file_of_the_program_that_knows_no_other_way(
    rendered: Path, file: str
) -> None:
    text = (rendered / file.removesuffix(".j2")).read_text()
    assert (SECRET in text) is (file == "turnserver.conf.j2")
    assert CHOSEN["coordinator_database_password"] not in text
    assert CHOSEN["backup_bucket_secret"] not in text


def test_prometheus_takes_its_settings_and_rules(rendered: Path) -> None:
    promtool = needed("promtool")
    told(promtool, "check", "rules", ROLES / "monitoring/files/proctor.rules.yml")
    settings = yaml.safe_load((rendered / "prometheus.yml").read_text())
    jobs = {job["job_name"]: job["static_configs"][0]["targets"] for job in settings["scrape_configs"]}
    assert jobs["edge"] == ["127.0.0.1:8091"]
    assert jobs["coordinator"] == ["127.0.0.1:8001"]
    told(promtool, "check", "config", "--syntax-only", rendered / "prometheus.yml")


def test_the_firewall_opens_a_port_to_whom_it_is_meant_for(rendered: Path) -> None:
    rules = (rendered / "ports.nft").read_text().splitlines()[1:]
    assert rules == [
        "tcp dport 443 accept",
        "ip saddr { 10.0.0.0/8 } udp dport 20000-20999 accept",
        "ip6 saddr { fd00::/8 } udp dport 20000-20999 accept",
    ]


Fires = Callable[[str], None]
RAISED: tuple[tuple[str, str, str, str], ...] = (
    # alert, series, values that raise it, values that do not
    ("NodeMissing", 'up{job="edge"}', "0x20", "1x20"),
    ("CoordinatorMissing", 'up{job="coordinator"}', "0x20", "1x20"),
    ("HubAway", "hub_connected", "0x20", "1 0 0 0 1x16"),
    ("WorkersEnd", 'worker_ends_total{worker="0"}', "0+1x20", "1x20"),
    ("RequestsFail", 'coordinator_http_requests_total{status="500"}', "0+30x30", "7x30"),
    ("LevelLow", "degradation_level", "2x40", "1x40"),
    ("Unwatched", "coordinator_node_unwatched_share", "0.2x60", "0.2x4 0.05x56"),
    ("LoopLate", "event_loop_lag_p99_seconds", "0.4x40", "0.1x40"),
    ("DecisionsLate", 'frame_to_decision_seconds_bucket{le="0.5"}', "0x40", "0+10x40"),
    ("NetworkFails", 'model_errors_total{model="yunet@1"}', "0+2x40", "3x40"),
    ("OutboxWaits", 'outbox_depth{lane="conduct"}', "3x40", "3 0 3 0 3 0 3 0x33"),
    ("OutboxDropped", 'outbox_dropped_total{lane="conduct"}', "0+1x20", "5x20"),
    ("AlertsParked", 'coordinator_alert_messages_total{what="parked"}', "0+1x20", "5x20"),
    ("DeadLetters", 'coordinator_deliveries_total{what="dead"}', "0+1x20", "5x20"),
    ("ClockWrong", "clock_skew_seconds", "-3x20", "0.2x20"),
    ("NodeCertificateEnds", "coordinator_node_certificate_end_seconds", "20000x20", "22000x20"),
    ("HubCertificateEnds", "coordinator_hub_certificate_end_seconds", "1800000x20", "1900000x20"),
    ("DiskFull", 'node_filesystem_avail_bytes{mountpoint="/"}', "9x40", "11x40"),
    ("DumpOld", "proctor_dump_time_seconds", "-100000x20", "0x20"),
    ("BackupOld", 'coordinator_backup_time_seconds{kind="keyring"}', "-100000x60", "-100000x20 0x40"),
)
TOLD_AT = {"x20": "5m", "x30": "7m", "x40": "9m", "x60": "14m"}
"""When an alert is looked for, by how its series ends."""
BESIDE: dict[str, dict[str, str]] = {
    "DecisionsLate": {f'frame_to_decision_seconds_bucket{{le="{le}"}}': "0+10x40" for le in ("1", "+Inf")},
    "DiskFull": {'node_filesystem_size_bytes{mountpoint="/"}': "100x40"},
}
"""Other series that an alert compares with, the same in both cases."""


@pytest.mark.parametrize(("raised", "how"), [(True, "raise"), (False, "stay silent")], ids=["true", "honest"])
def test_alerts_are_raised_by_what_they_name_and_by_nothing_less(
    tmp_path: Path, *, raised: bool, how: str
) -> None:
    promtool = needed("promtool")
    rules = ROLES / "monitoring/files/proctor.rules.yml"
    tests = [
        {
            "interval": "15s",
            "input_series": [
                {"series": name, "values": values}
                for name, values in {series: yes if raised else no, **BESIDE.get(alert, {})}.items()
            ],
            "promql_expr_test": [
                {
                    "expr": f'count(ALERTS{{alertname="{alert}", alertstate="firing"}}) or vector(0)',
                    "eval_time": next(at for ends, at in TOLD_AT.items() if yes.endswith(ends)),
                    "exp_samples": [{"labels": "{}", "value": int(raised)}],
                }
            ],
        }
        for alert, series, yes, no in RAISED
    ]
    written = tmp_path / "tests.yml"
    written.write_text(
        yaml.safe_dump({"rule_files": [str(rules)], "evaluation_interval": "15s", "tests": tests})
    )
    assert "SUCCESS" in told(promtool, "test", "rules", written), how


def test_every_alert_is_tried() -> None:
    groups = yaml.safe_load((ROLES / "monitoring/files/proctor.rules.yml").read_text())["groups"]
    named = {rule["alert"] for group in groups for rule in group["rules"]}
    assert named == {alert for alert, *_ in RAISED}

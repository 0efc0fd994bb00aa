"""Looks at a running installation: units, ports, hardening, measurements, and whether every alert arrived."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator
from subprocess import CalledProcessError
from typing import Any, Final
from urllib.parse import quote

from tests.machines.machine import Machine
from tests.machines.provisioning import ANSIBLE
from tests.machines.steps import Wrong

Port = tuple[str, int]
UNITS: Final = {
    "postgres": ("postgresql@15-main",),
    "coordinator": ("proctor-coordinator", "nginx"),
    "nats": ("nats",),
    "turn": ("coturn",),
    "edge": ("proctor-edge", "nginx"),
    "monitoring": ("prometheus", "prometheus-alertmanager", "prometheus-node-exporter"),
}
"""What runs on a machine of each group."""
OWN_UNITS: Final = ("proctor-coordinator", "proctor-edge", "nats")
"""Units of ours; the others are Debian's."""
EXPOSED: Final = 2.0
"""The most that `systemd-analyze security` may find of a unit of ours, of 10."""
PORTS: Final[dict[str, frozenset[Port]]] = {
    "all": frozenset({("tcp", 22)}),
    "coordinator": frozenset({("tcp", 443)}),
    "edge": frozenset({("tcp", 443)}),
    "nats": frozenset({("tcp", 4222)}),
    "turn": frozenset({("tcp", 3478), ("udp", 3478), ("tcp", 5349), ("udp", 5349)}),
}
"""The ports that docs/install.md names, but for media, which are open while somebody uses them."""
CLUSTER_PORTS: Final[frozenset[Port]] = frozenset({("tcp", 6222)})
MONITORED_PORTS: Final[dict[str, frozenset[Port]]] = {
    "all": frozenset({("tcp", 9100)}),
    "edge": frozenset({("tcp", 8091)}),
}
"""Those that a Prometheus on another machine asks."""
NEVER_IN_A_GOOD_RUN: Final = ("model_errors_total", "inference_skipped_total", "media_dropped_total")
"""Counted only when something fails."""
_LOOPBACK: Final = re.compile(r"^(127\.|\[::1\]|::1)")


def units(machine: Machine, groups: Iterable[str]) -> str:
    """The state of each unit, with how often it was started again. Raises `Wrong` if one is not well."""
    wanted = sorted({unit for group in groups for unit in UNITS.get(group, ())})
    told = machine.run(f"systemctl show -p Id,ActiveState,NRestarts {' '.join(wanted)}")
    failed = machine.run("systemctl --failed --no-legend --plain").strip()
    states = [
        dict(line.split("=", 1) for line in each.splitlines()) for each in told.strip().split("\n\n") if each
    ]
    lines = [
        f"{one['Id'].removesuffix('.service')} {one['ActiveState']} {one['NRestarts']}" for one in states
    ]
    restless = [one["Id"] for one in states if one["ActiveState"] != "active" or one["NRestarts"] != "0"]
    if failed or restless or len(states) != len(wanted):
        raise Wrong(f"{machine.name}: {restless} are not well: {lines}; failed: {failed}")
    return f"{machine.name}: {', '.join(lines)} (starts again)"


def ports(machine: Machine, groups: Iterable[str], *, cluster: bool, monitored: bool) -> str:
    """What listens for others there. Raises `Wrong` if it is not what the documentation names."""
    there = {"all", *groups}
    wanted = frozenset[Port]().union(*(PORTS.get(group, frozenset()) for group in there))
    if cluster and "nats" in there:
        wanted |= CLUSTER_PORTS
    if not cluster:
        wanted -= PORTS["nats"]
    if monitored:
        wanted = wanted.union(*(MONITORED_PORTS.get(group, frozenset()) for group in there))
    found = frozenset(_listening(machine.run("ss -H -tuln")))
    if found != wanted:
        raise Wrong(f"{machine.name} listens on {_text(found)}, and not on {_text(wanted)}")
    return f"{machine.name}: {_text(found)}"


def _listening(told: str) -> Iterator[Port]:
    for line in told.splitlines():
        protocol, _, _, _, where = line.split()[:5]
        address, _, port = where.rpartition(":")
        if not _LOOPBACK.match(address.partition("%")[0]):
            yield protocol, int(port)


def _text(found: Iterable[Port]) -> str:
    return ", ".join(
        f"{port}/{protocol}" for protocol, port in sorted(found, key=lambda one: (one[1], one[0]))
    )


def hardening(machine: Machine, groups: Iterable[str]) -> str:
    """What `systemd-analyze security` finds of each unit. Raises `Wrong` if one of ours is too exposed."""
    wanted = sorted({unit for group in groups for unit in UNITS.get(group, ())})
    overall = machine.run(f"systemd-analyze security --no-pager {' '.join(wanted)} | grep 'Overall exposure'")
    found = dict(re.findall(r"for (\S+)\.service: ([\d.]+)", overall))
    wrong = [unit for unit in OWN_UNITS if unit in found and float(found[unit]) > EXPOSED]
    if wrong or set(found) != set(wanted):
        raise Wrong(f"{machine.name}: {found}, too exposed: {wrong}")
    return f"{machine.name}: " + ", ".join(f"{unit} {score}" for unit, score in sorted(found.items()))


JUDGED: Final = {
    "all": ("nft --check --file /etc/nftables.conf",),
    "coordinator": ("nginx -t -q",),
    "edge": ("nginx -t -q",),
    "nats": ("/opt/proctor/hub/current/bin/nats-server -t -c /etc/nats/nats.conf",),
    "postgres": (
        "cd / && [ $(runuser -u postgres -- psql -At -c"
        " 'select count(*) from pg_hba_file_rules where error is not null') = 0 ]",
        "cd / && [ $(runuser -u postgres -- psql -At -c"
        " 'select count(*) from pg_file_settings where error is not null') = 0 ]",
    ),
    "monitoring": (
        "promtool check config /etc/prometheus/prometheus.yml",
        "amtool check-config /etc/prometheus/alertmanager.yml",
    ),
}
"""By group, what asks programs how they find the settings that roles wrote; coturn cannot be asked."""


def settings(machine: Machine, groups: Iterable[str]) -> str:
    """How many files of settings their programs take. Raises `Wrong` if one is not taken."""
    asked = sorted({command for group in ("all", *groups) for command in JUDGED.get(group, ())})
    for command in asked:
        try:
            machine.run(f"({command}) 2>&1")
        except CalledProcessError as error:
            raise Wrong(f"{machine.name}: {command}: {error.stdout}") from error
    return f"{machine.name}: {len(asked)} programs take their settings"


def panels(monitoring: Machine, node: str) -> str:
    """Asks its Prometheus for each query of the dashboards. Raises `Wrong` if one has no data."""
    asked, empty = 0, []
    for board in sorted((ANSIBLE / "roles/monitoring/files").glob("*.json")):
        for panel in json.loads(board.read_text())["panels"]:
            for target in panel["targets"]:
                asked += 1
                if not query(monitoring, target["expr"].replace("$node", node)):
                    empty.append(f"{board.stem}, {panel['title']}: {target['expr']}")
    told = f"{asked} queries of dashboards, {len(empty)} without data" + "".join(
        f"\n  {one}" for one in empty
    )
    if any(not any(name in one for name in NEVER_IN_A_GOOD_RUN) for one in empty):
        raise Wrong(told)
    return told


def replicas(hub: Machine) -> dict[str, int]:
    """How many copies the hub keeps of each of its streams."""
    told = json.loads(_fetched(hub, "http://127.0.0.1:8222/jsz?streams=1&config=1"))
    return {
        stream["name"]: stream["config"]["num_replicas"]
        for account in told["account_details"]
        for stream in account.get("stream_detail", ())
    }


def _fetched(machine: Machine, url: str) -> str:
    return machine.run(
        f"python3 -c 'import urllib.request as ask; print(ask.urlopen(\"{url}\").read().decode())'"
    )


def query(monitoring: Machine, expression: str) -> list[dict[str, Any]]:
    """What Prometheus answers."""
    url = f"http://127.0.0.1:9090/api/v1/query?query={quote(expression)}"
    found: list[dict[str, Any]] = json.loads(_fetched(monitoring, url))["data"]["result"]
    return found


# The daemon alone may open its outbox; a copy has what is committed.
_LAST: Final = """
import json, shutil, sqlite3, tempfile
from pathlib import Path
copied = tempfile.mkdtemp()
for file in Path("/var/lib/proctor/edge").glob("outbox.db*"):
    if not file.name.endswith("reserve"):
        shutil.copy(file, copied)
db = sqlite3.connect(copied + "/outbox.db")
lanes = db.execute("SELECT name, last_sequence, dropped FROM lane")
print(json.dumps([list(lane) for lane in lanes]))
"""
_MARKS: Final = (
    "cd / && runuser -u postgres -- psql -AtF' ' proctor -c"
    ' "select node_id, lane, mark, beyond::text from lane_marks order by updated_utc"'
)


def lost(nodes: dict[str, Machine], centre: Machine) -> tuple[int, int]:
    """How many alerts nodes have ever made, and how many of them the coordinator has not committed."""
    marks = {
        (node, lane): int(mark)
        for node, lane, mark, _ in (line.split(" ", 3) for line in centre.run(_MARKS).splitlines())
    }
    made = missing = 0
    for node, machine in nodes.items():
        command = f"python3 - <<'PROGRAM'\n{_LAST}\nPROGRAM"
        for lane, last, dropped in json.loads(machine.run(command)):
            made += last
            missing += dropped + last - marks.get((node, lane), 0)
    return made, missing

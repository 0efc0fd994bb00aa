"""Every module of the coordinator is of one kind and imports none above it, nor what its kind is kept from.

The kinds are told in `coordinator/__init__`. import-linter holds what it can say (`pyproject.toml`): what
stands on what, and no circle within folders; `tests/unit/test_pure.py`, that what is called pure is pure.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Mapping

import pytest

from tests.support.imports import FILES, brought, imported, imported_by

FLOORS = ("pure", "tool", "tables", "service", "answers", "parts", "act", "routes", "app")
"""From the ground up: a module imports its own floor and those below."""

NAMED = {
    "examples": "pure",
    "tables": "tables",
    "service": "service",
    "answers": "answers",
    "parts": "parts",
    "routes": "routes",
}
"""Kinds by the module's name or the end of it: `tables`, `face_tables`."""
LISTED = {
    "tool": """
        config storing_sections rollouts_section setting_types
        ground.acting ground.ca_files ground.columns ground.database ground.fleet_keys
        ground.ids ground.instants ground.key_files ground.keyring ground.leadership ground.leading
        ground.master_following
        ground.master_keys ground.master_users ground.own_keys ground.queues ground.sealed_fields
        ground.signing_files ground.turns
        nodes.alert_stream nodes.checkpoint_stream nodes.commands nodes.asking nodes.hub_account
        live.rooms live.socket live.tickets live.walls
        live.wall_socket
        oidc.issuer tokens.verifier enrollments.pictures deliveries.posting
        deliveries.connection deliveries.addresses deliveries.senders
        deliveries.kafka_client deliveries.kafka_posting following.http2 following.deliveries_pb2
        openness.networks
        reports.pdf_form reports.hearing reports.verify_bundle privacy.journal_file privacy.archive
        web_api.errors web_api.headers web_api.limits web_api.metrics
        backups.target backups.bucket backups.copying backups.lists backups.opening
        backups.keyring_backup backups.unfinished
    """,
    "act": """
        audit.chaining audit.layer audit.owed backups.creating backups.running
        arriving.arrival arriving.ingest arriving.intake arriving.pictures arriving.replaying
        arriving.treating nodes.heartbeats nodes.hosts excerpts.expiring idempotency.doing
        enrollments.comparing
        enrollments.enrolling enrollments.judging enrollments.practising enrollments.searching
        reports.gathering
        replicas.spreading
        deliveries.working deliveries.traced arriving.traced retention.running retention.archiving
        retention.exporting
        following.calls following.serving
        sessions.ending sessions.sweeping sessions.verifying sessions.absence.telling sessions.trouble.telling
        sessions.changing.telling sessions.changing.rekeying sessions.devices.moving sessions.lasting.telling
        sessions.watched.noting sessions.presence.noting memberships.accepting memberships.succeeding
        privacy.steps desired.telling rollouts.drawing rollouts.following
        sessions.starting.assignment
        sessions.starting.preparing sessions.starting.again sessions.starting.first sessions.starting.handing
        sessions.moving.moves sessions.moving.telling sessions.moving.draining
    """,
    "routes": """
        idempotency.asked idempotency.desk web_api.health web_api.openapi web_api.pages web_api.security
    """,
    "app": """
        app backup_commands building hub_commands main master_commands restoring routing schema serving
        signing_commands migrations.env
    """,
}
"""Kinds of what no name tells."""
LISTED_KIND = {name: kind for kind, names in LISTED.items() for name in names.split()}

CLAIM = re.compile(r"\b(Pure|Decides only)\b")
HOMES = {
    "fastapi": "routes parts app web_api.errors",
    "httpx": "oidc.issuer",
    "nats": "nodes.alert_stream nodes.checkpoint_stream",
    "sqlalchemy": """
        tables service ground.columns ground.database ground.instants ground.leadership ground.master_users
        schema
        arriving.intake
    """,
}
"""Who imports a library itself: kinds, and modules of other kinds."""
BARRED = {
    "tables": "asyncio fastapi httpx nats starlette threading uvicorn",
    "service": "asyncio fastapi httpx nats starlette threading uvicorn",
    "answers": "asyncio fastapi httpx nats threading uvicorn",
}
"""What a kind is kept from, also where another module would bring it."""


MODULES = sorted(
    name
    for name, path in FILES.items()
    if name.startswith("coordinator.") and path.stem != "__init__" and ".migrations.versions." not in name
)


def source_of(name: str) -> str:
    return FILES[name].read_text("utf-8")


def kind_of(name: str, source: str) -> str | None:
    """The floor of a module of the coordinator, None where nothing tells it."""
    short, last = name.removeprefix("coordinator."), name.rpartition(".")[2].rpartition("_")[2]
    if CLAIM.search(ast.get_docstring(ast.parse(source)) or ""):
        return "pure"
    return LISTED_KIND.get(short) or NAMED.get(last)


def upward(name: str, source: str, kinds: Mapping[str, str | None]) -> list[str]:
    """The imports of a module that lie above it."""
    mine = FLOORS.index(kind_of(name, source) or "pure")
    return [
        one for one in sorted(imported(ast.parse(source))) if FLOORS.index(kinds.get(one) or "pure") > mine
    ]


def homeless(name: str, source: str) -> list[str]:
    """The libraries that a module imports itself without being their home."""
    tops = {one.partition(".")[0] for one in imported(ast.parse(source))}
    places = {kind_of(name, source), name.removeprefix("coordinator.")}
    return sorted(top for top in tops & HOMES.keys() if not places & set(HOMES[top].split()))


def barred(name: str, source: str) -> list[str]:
    """What a module brings although its kind is kept from it, with the importing module."""
    kept_from = set(BARRED.get(kind_of(name, source) or "", "").split())
    everything = brought(ast.parse(source)).items()
    return sorted(f"{one} by {by}" for one, by in everything if one.partition(".")[0] in kept_from)


def folder_of(name: str, kinds: Mapping[str, str | None]) -> str:
    """The folder of a module; its tables, its routes and the parts stand apart."""
    apart = {"tables": ":tables", "routes": ":routes", "parts": ":parts"}.get(kinds[name] or "", "")
    return name.split(".")[1] + apart


def arrows_between(kinds: Mapping[str, str | None]) -> dict[str, set[str]]:
    """Which folder imports which others."""
    arrows: dict[str, set[str]] = {}
    for name in kinds:
        here = folder_of(name, kinds)
        there = {folder_of(one, kinds) for one in imported_by(name) if one in kinds}
        arrows.setdefault(here, set()).update(
            one for one in there if one.partition(":")[0] != here.partition(":")[0] or one.endswith(":parts")
        )
    return arrows


def in_circles(arrows: Mapping[str, set[str]]) -> set[str]:
    """What reaches itself."""
    return {one for one in arrows if one in beyond(one, arrows)}


def beyond(start: str, arrows: Mapping[str, set[str]]) -> set[str]:
    found, left = set[str](), [start]
    while left:
        new = arrows.get(left.pop(), set()) - found
        found |= new
        left += new
    return found


KINDS = {name: kind_of(name, source_of(name)) for name in MODULES}


def test_every_module_is_of_one_kind() -> None:
    assert [name for name, kind in KINDS.items() if kind is None] == []


def test_the_lists_name_modules_that_are_there_and_that_nothing_else_tells() -> None:
    assert {f"coordinator.{name}" for name in LISTED_KIND} - set(MODULES) == set()
    assert [name for name, kind in LISTED_KIND.items() if KINDS[f"coordinator.{name}"] != kind] == []


def test_a_module_imports_nothing_above_it() -> None:
    above = {name: upward(name, source_of(name), KINDS) for name in MODULES}
    assert {name: found for name, found in above.items() if found} == {}


def test_a_library_is_imported_in_its_home_alone() -> None:
    astray = {name: homeless(name, source_of(name)) for name in MODULES}
    assert {name: found for name, found in astray.items() if found} == {}


def test_a_module_brings_nothing_that_its_kind_is_kept_from() -> None:
    brings = {name: barred(name, source_of(name)) for name in MODULES}
    assert {name: found for name, found in brings.items() if found} == {}


@pytest.mark.parametrize("name", ["coordinator.arriving.sittings_service", "coordinator.exams.tables"])
@pytest.mark.parametrize(
    "said", ["import asyncio", "import httpx", "from coordinator.nodes import alert_stream"]
)
def test_a_barred_import_would_be_seen(name: str, said: str) -> None:
    assert barred(name, said) != []


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("coordinator.exams.service", "import httpx"),
        ("coordinator.exams.answers", "from sqlalchemy import select"),
        ("coordinator.sessions.ending", "from fastapi import Request"),
        ("coordinator.nodes.heartbeats", "import nats.js"),
    ],
)
def test_a_library_astray_would_be_seen(name: str, said: str) -> None:
    assert homeless(name, said) != []


def test_statements_stand_in_tables_and_services() -> None:
    elsewhere = [name for name, kind in KINDS.items() if kind not in ("tables", "service", "tool")]
    trees = {name: ast.parse(source_of(name)) for name in elsewhere}
    named = {
        name: {alias.name for node in ast.walk(tree) for alias in names_from(node, "sqlmodel")} - {"Session"}
        for name, tree in trees.items()
    }
    assert {name: found for name, found in named.items() if found} == {}


def test_no_circle_leads_through_folders() -> None:
    assert in_circles(arrows_between(KINDS)) == set()


@pytest.mark.parametrize(
    ("here", "there"), [("alerts", "incidents"), ("consents", "sessions"), ("nodes", "web_api:parts")]
)
def test_a_new_circle_would_be_seen(here: str, there: str) -> None:
    arrows = arrows_between(KINDS)
    arrows[here].add(there)
    assert {here, there} <= in_circles(arrows)


def test_a_service_is_called_by_its_noun() -> None:
    """Under one local name everywhere; functions through it, classes and constants by their own names."""
    wrong = {
        f"{name}: {alias.name} as {alias.asname}"
        for name in MODULES
        for node in ast.walk(ast.parse(source_of(name)))
        if isinstance(node, ast.ImportFrom) and node.module
        for alias in node.names
        if other_than_by_noun(node.module, alias)
    }
    assert wrong == set()


def other_than_by_noun(module: str, alias: ast.alias) -> bool:
    if KINDS.get(module) == "service":
        return alias.name.islower()
    if KINDS.get(f"{module}.{alias.name}") != "service":
        return False
    noun = module.rpartition(".")[2] if alias.name == "service" else alias.name.removesuffix("_service")
    return alias.asname != {"key": "token_keys"}.get(noun, noun)


@pytest.mark.parametrize(
    "said",
    [
        "from coordinator.exams import service",
        "from coordinator.exams import service as tests",
        "from coordinator.exams.service import find",
    ],
)
def test_another_name_for_a_service_would_be_seen(said: str) -> None:
    [node] = ast.parse(said).body
    assert isinstance(node, ast.ImportFrom)
    assert node.module is not None
    assert other_than_by_noun(node.module, node.names[0])


def names_from(node: ast.AST, module: str) -> list[ast.alias]:
    return node.names if isinstance(node, ast.ImportFrom) and node.module == module else []


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("coordinator.exams.examples", "from coordinator.exams.tables import Exam"),
        ("coordinator.exams.tables", "from coordinator.exams import service"),
        ("coordinator.exams.service", "from coordinator.web_api.parts import Parts"),
        ("coordinator.exams.answers", "from coordinator.sessions import ending"),
        ("coordinator.sessions.ending", "from coordinator.web_api.security import Staff"),
        ("coordinator.exams.routes", "from coordinator.app import create_app"),
    ],
)
def test_an_import_upwards_would_be_seen(name: str, said: str) -> None:
    assert upward(name, said, KINDS) != []


def test_a_module_that_nothing_tells_would_be_seen() -> None:
    assert kind_of("coordinator.exams.fate", '"""What becomes of an exam."""') is None

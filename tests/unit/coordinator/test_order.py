"""Every module of the coordinator is of one kind and imports none above it; what is called pure is pure.

The kinds are told in `coordinator/__init__`. import-linter holds what it can say (`pyproject.toml`): ground,
tables, services and routes by their names, and no circle within folders.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Mapping
from functools import cache
from pathlib import Path

import pytest

import coordinator

ROOT = Path(coordinator.__file__).parents[1]
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
        config ground.columns ground.database ground.ids ground.keyring ground.own_keys ground.sealed_fields
        nodes.alert_stream nodes.commands nodes.asking live.rooms live.socket live.tickets live.walls
        live.wall_socket
        oidc.issuer tokens.verifier enrollments.pictures
        reports.pdf_form reports.hearing reports.verify_bundle
        web_api.errors web_api.headers web_api.limits web_api.metrics
    """,
    "act": """
        arriving.arrival arriving.ingest arriving.intake arriving.pictures nodes.heartbeats
        excerpts.expiring idempotency.doing enrollments.comparing
        enrollments.enrolling enrollments.judging enrollments.practising enrollments.searching
        reports.gathering
        sessions.ending sessions.sweeping sessions.verifying sessions.absence.telling sessions.trouble.telling
        sessions.changing.telling sessions.changing.rekeying sessions.devices.moving sessions.lasting.telling
        sessions.watched.noting sessions.presence.noting
        sessions.starting.assignment
        sessions.starting.preparing sessions.starting.again sessions.starting.first
    """,
    "routes": """
        idempotency.asked idempotency.desk web_api.health web_api.openapi web_api.pages web_api.security
    """,
    "app": "app main schema serving migrations.env",
}
"""Kinds of what no name tells."""
LISTED_KIND = {name: kind for kind, names in LISTED.items() for name in names.split()}

CLAIM = re.compile(r"\b(Pure|Decides only)\b")
AMBIENT = """
    alembic asyncio concurrent ctypes fastapi http httpx importlib logging multiprocessing nats os pathlib PIL
    prometheus_client psycopg random reportlab secrets select shutil signal socket sqlalchemy sqlite3 sqlmodel
    ssl starlette subprocess sys tempfile threading time urllib.request uvicorn
"""
"""What touches the world, or comes with it."""
TAKEN = {
    ("datetime", "now"),
    ("datetime", "utcnow"),
    ("date", "today"),
    ("uuid", "uuid1"),
    ("uuid", "uuid4"),
}


def name_of(path: Path) -> str:
    parts = path.relative_to(ROOT).with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


FILES = {name_of(path): path for top in ("coordinator", "shared") for path in (ROOT / top).rglob("*.py")}
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


def imported(source: str) -> set[str]:
    """Full names of what some source imports: modules of ours, or modules and names of others."""
    names: set[str] = set()
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Import):
            names |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module:
            ours = {f"{node.module}.{alias.name}" for alias in node.names} & FILES.keys()
            names |= ours or {node.module}
    return names


@cache
def imported_by(name: str) -> frozenset[str]:
    return frozenset(imported(source_of(name)))


def through_shared(names: set[str]) -> set[str]:
    """These, and what is imported through those of them that are in `shared`."""
    found, left = set(names), [one for one in names if one.startswith("shared.")]
    while left:
        new = imported_by(left.pop()) - found
        found |= new
        left += [one for one in new if one.startswith("shared.")]
    return found


def upward(name: str, source: str, kinds: Mapping[str, str | None]) -> list[str]:
    """The imports of a module that lie above it."""
    mine = FLOORS.index(kind_of(name, source) or "pure")
    return [one for one in sorted(imported(source)) if FLOORS.index(kinds.get(one) or "pure") > mine]


def impure(source: str, kinds: Mapping[str, str | None]) -> list[str]:
    """What makes a source impure: what it imports, through `shared` too, or an instant or an id it takes."""
    names, tree, found = imported(source), ast.parse(source), []
    for one in through_shared(names):
        if {one, one.partition(".")[0]} & set(AMBIENT.split()):
            found.append(one)
    for node in ast.walk(tree):
        if isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name):
            found += [f"{node.value.id}.{node.attr}"] if (node.value.id, node.attr) in TAKEN else []
        elif isinstance(node, ast.ImportFrom):
            found += [f"{node.module}.{a.name}" for a in node.names if (node.module, a.name) in TAKEN]
    return sorted({*found, *(one for one in names if one in kinds and kinds[one] != "pure")})


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


def test_what_is_called_pure_is_pure() -> None:
    stained = {name: impure(source_of(name), KINDS) for name, kind in KINDS.items() if kind == "pure"}
    assert {name: found for name, found in stained.items() if found} == {}
    assert len(stained) > 40


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


def test_no_function_is_called_like_its_module() -> None:
    stuttering = {
        f"{name}.{node.name}"
        for name in MODULES
        for node in ast.parse(source_of(name)).body
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef) and node.name == name.rpartition(".")[2]
    }
    assert stuttering == {"coordinator.main.main"}


def names_from(node: ast.AST, module: str) -> list[ast.alias]:
    return node.names if isinstance(node, ast.ImportFrom) and node.module == module else []


@pytest.mark.parametrize(
    "said",
    [
        "import time",
        "import logging",
        "from sqlmodel import Session",
        "from coordinator.exams import service",
        "from coordinator.exams.tables import Exam",
        "from coordinator.config import CoordinatorConfig",
        "from shared.logs import configure",
        "from datetime import datetime\nnow = datetime.now()",
        "from uuid import uuid4",
    ],
)
def test_a_new_liar_would_be_seen(said: str) -> None:
    source = f'"""What becomes of an exam. Pure."""\n{said}\n'
    assert kind_of("coordinator.exams.fate", source) == "pure"
    assert impure(source, KINDS) != []


@pytest.mark.parametrize(
    ("name", "said"),
    [
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

"""What a docstring or a package's map calls pure is pure: by its own imports, and by all that these bring."""

from __future__ import annotations

import ast
import re

import pytest

from tests.support.imports import FILES, FOLDERS, PACKAGES, brought, tree_of

CLAIM = re.compile(r"\b(Pure|Decides only)\b")
"""In the docstring of a module."""
MAPPED = re.compile(r"(?:^ *| {2,})((?:\w+, )*\w+)/? +\S+")
"""An entry of a package's map, with its text's first word; `(pure)` is said of the last entry before it."""

WORLD = """
    aioice aiortc alembic asyncio av concurrent ctypes cv2 fastapi http httpx importlib logging mediapipe
    multiprocessing nats onnxruntime openvino os pathlib PIL prometheus_client psutil psycopg queue random
    reportlab rich secrets select shutil signal socket sqlalchemy sqlite3 sqlmodel ssl starlette subprocess
    sys tempfile threading time typer urllib.request uvicorn webrtcvad websockets
"""
"""Modules that touch the world, or come with it."""
TAKEN = {
    ("datetime", "now"),
    ("datetime", "utcnow"),
    ("date", "today"),
    ("uuid", "uuid1"),
    ("uuid", "uuid4"),
}
"""Instants and ids, taken instead of given."""
CALLED = {"__import__", "input", "open", "print"}


def says_so(tree: ast.Module) -> bool:
    return CLAIM.search(ast.get_docstring(tree) or "") is not None


def named_in(line: str, rooms: set[str]) -> list[str]:
    """Of each `(pure)` in a line of a map, the room it is said of; "" where none is."""
    parts = line.split("(pure)")[:-1]
    found = [
        [name for names in MAPPED.findall(part) for name in names.split(", ") if name in rooms]
        for part in parts
    ]
    return [names[-1] if names else "" for names in found]


def claims_of(folder: str) -> set[str]:
    """The rooms that the map of a folder calls pure, by their full names."""
    rooms = {name.rpartition(".")[2] for name in FILES if name.rpartition(".")[0] == folder}
    lines = (ast.get_docstring(tree_of(folder)) or "").splitlines()
    return {f"{folder}.{name}" for line in lines for name in named_in(line, rooms)}


MAPS = {folder: claims_of(folder) for folder in FOLDERS}
CALLED_SO = {name for names in MAPS.values() for name in names}
CLAIMED = sorted(
    name
    for name in FILES.keys() - FOLDERS
    if says_so(tree_of(name))
    or name.endswith(".examples")
    or any(name == one or name.startswith(f"{one}.") for one in CALLED_SO)
)


def impure(tree: ast.Module) -> list[str]:
    """What touches the world: imports with those who import them, and what is taken or called here."""
    found = [
        f"{one} by {by}"
        for one, by in brought(tree).items()
        if {one, one.partition(".")[0]} & set(WORLD.split())
    ]
    for node in ast.walk(tree):
        if isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name):
            found += [f"{node.value.id}.{node.attr}"] if (node.value.id, node.attr) in TAKEN else []
        elif isinstance(node, ast.ImportFrom):
            found += [f"{node.module}.{a.name}" for a in node.names if (node.module, a.name) in TAKEN]
        elif isinstance(node, ast.Call) and isinstance(node.func, ast.Name):
            found += [node.func.id] if node.func.id in CALLED else []
    return sorted(found)


def test_what_is_called_pure_is_pure() -> None:
    stained = {name: impure(tree_of(name)) for name in CLAIMED}
    assert {name: found for name, found in stained.items() if found} == {}


def test_claims_of_every_package_are_read() -> None:
    claimed = {top: sum(name.startswith(f"{top}.") for name in CLAIMED) for top in PACKAGES}
    assert {
        top: number for top, number in claimed.items() if number < {"cli": 2, "models": 2}.get(top, 15)
    } == {}


def test_every_claim_of_a_map_is_about_a_room() -> None:
    assert [name for name in CALLED_SO if name not in FILES] == []


@pytest.mark.parametrize(
    ("line", "names"),
    [
        (
            "nack         requests lost packets again       keyframes    when to request one (pure)",
            ["keyframes"],
        ),
        ("tilts, lids  what is remembered (pure)         finite      rejects NaN (pure)", ["lids", "finite"]),
        (
            "    timeline/      one exam as a page (pure) rehearsal the script (pure)",
            ["timeline", "rehearsal"],
        ),
        ("errors     refusals as documents             field_paths how one is named (pure)", ["field_paths"]),
        ("cursors    pages of lists (pure)", ["cursors"]),
        ("    gone         nothing (pure)", [""]),
    ],
)
def test_a_claim_is_read_where_it_stands(line: str, names: list[str]) -> None:
    rooms = {
        "cursors",
        "errors",
        "pages",
        "field_paths",
        "nack",
        "keyframes",
        "tilts",
        "lids",
        "finite",
        "timeline",
        "rehearsal",
    }
    assert named_in(line, rooms) == names


@pytest.mark.parametrize(
    "said",
    [
        "import time",
        "import logging",
        "import random",
        "import asyncio",
        "from sqlmodel import Session",
        "from pathlib import Path, PurePath",
        "from coordinator.exams import service",
        "from coordinator.config import CoordinatorConfig",
        "from edge.outbound.outbox import Outbox",
        "from edge.analysis.perception import Perception",
        "from models.recognition import Recogniser",
        "from shared.logs import configure",
        "from datetime import datetime\nnow = datetime.now()",
        "from uuid import uuid4",
        "cascade = open('faces.xml')",
    ],
)
def test_a_new_liar_would_be_seen(said: str) -> None:
    tree = ast.parse(f'"""What becomes of an exam. Pure."""\n{said}\n')
    assert says_so(tree)
    assert impure(tree) != []


@pytest.mark.parametrize(
    "said", ["import numpy as np", "from pathlib import PurePath", "from sys import byteorder"]
)
def test_a_value_stains_nothing(said: str) -> None:
    assert impure(ast.parse(said)) == []

"""The deciding core is standard library only; import-linter cannot say that, so this reads the imports."""

from __future__ import annotations

import ast
import sys
from pathlib import Path

import pytest

import edge.rules
import shared.events
from shared import observations, unwatched

OURS = frozenset({"edge.rules", "shared.events", "shared.observations", "shared.saving", "shared.unwatched"})
AMBIENT = frozenset(
    {"asyncio", "datetime", "logging", "os", "pathlib", "random", "socket", "threading", "time"}
)
MODULES = sorted(
    [
        *Path(edge.rules.__file__).parent.glob("*.py"),
        *Path(shared.events.__file__).parent.rglob("*.py"),
        Path(observations.__file__),
        Path(unwatched.__file__),
    ]
)
"""Everything of ours that the core may import is held to the same."""


def imported(source: str) -> set[str]:
    """Full names of the modules that some source imports."""
    names: set[str] = set()
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Import):
            names |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            names.add(node.module or "")
    return names


def allowed(name: str) -> bool:
    if any(name == ours or name.startswith(f"{ours}.") for ours in OURS):
        return True
    top = name.partition(".")[0]
    return top in sys.stdlib_module_names and top not in AMBIENT


@pytest.mark.parametrize("module", MODULES, ids=lambda path: path.name)
def test_a_module_of_the_core_imports_nothing_but_the_standard_library(module: Path) -> None:
    assert [name for name in imported(module.read_text("utf-8")) if not allowed(name)] == []


@pytest.mark.parametrize("name", ["numpy", "pydantic", "time", "shared.policy.schema", "edge.judging", "cv2"])
def test_foreign_and_ambient_imports_would_be_seen(name: str) -> None:
    assert [found for found in imported(f"from {name} import x") if not allowed(found)] == [name]

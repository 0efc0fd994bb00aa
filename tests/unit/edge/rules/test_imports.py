"""The deciding core imports the standard library only, and of that only what computes."""

from __future__ import annotations

import ast

import pytest

from tests.support.imports import FILES, imported, imported_by

OURS = (
    "edge.rules",
    "shared.events",
    "shared.observations",
    "shared.saved_values",
    "shared.saving",
    "shared.unwatched",
)
"""The core, and everything of ours that it may import, which is held to the same."""
COMPUTES = """
    __future__ base64 bisect collections copy dataclasses enum functools heapq itertools math operator
    statistics string types typing
"""


def within(name: str) -> bool:
    return any(name == ours or name.startswith(f"{ours}.") for ours in OURS)


MODULES = sorted(name for name in FILES if within(name))


def allowed(name: str) -> bool:
    return within(name) or name.partition(".")[0] in COMPUTES.split()


@pytest.mark.parametrize("module", MODULES)
def test_a_module_of_the_core_imports_nothing_but_what_computes(module: str) -> None:
    assert [name for name in imported_by(module) if not allowed(name)] == []


FOREIGN = """
    numpy pydantic cv2 time datetime os os.path uuid secrets random subprocess socket pathlib logging
    threading sys shared.policy.schema shared.errors edge.judging edge.rulesets
"""


@pytest.mark.parametrize("name", FOREIGN.split())
def test_foreign_and_ambient_imports_would_be_seen(name: str) -> None:
    assert [found for found in imported(ast.parse(f"from {name} import x")) if not allowed(found)] == [name]


def test_the_whole_core_is_read() -> None:
    assert {"edge.rules.hold", "shared.saved_values", "shared.events.rows.face"} <= set(MODULES)

"""Reads the imports of the product's modules: what they name, and what comes with it."""

from __future__ import annotations

import ast
from collections.abc import Mapping
from functools import cache
from pathlib import Path

ROOT = Path(__file__).parents[2]
PACKAGES = ("cli", "coordinator", "edge", "models", "shared")
VALUES = {("pathlib", "PurePath"), ("sys", "byteorder")}
"""Mere values in modules that do more; importing them alone is not counted."""


def name_of(path: Path) -> str:
    parts = path.relative_to(ROOT).with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


FILES = {name_of(path): path for top in PACKAGES for path in (ROOT / top).rglob("*.py")}
FOLDERS = {name for name, path in FILES.items() if path.stem == "__init__"}


@cache
def tree_of(name: str) -> ast.Module:
    return ast.parse(FILES[name].read_text("utf-8"))


def imported(tree: ast.Module) -> set[str]:
    """Full names of what is imported: modules of ours, or modules of others."""
    names: set[str] = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            names |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module:
            inside = {(node.module, alias.name) for alias in node.names}
            ours = {".".join(one) for one in inside} & FILES.keys()
            names |= ours or (set() if inside <= VALUES else {node.module})
    return names


@cache
def imported_by(name: str) -> frozenset[str]:
    return frozenset(imported(tree_of(name)))


def brought(tree: ast.Module) -> Mapping[str, str]:
    """All that some source imports or that comes with it, each with the module of ours that imports it."""
    found = dict.fromkeys(imported(tree), "itself")
    left = list(found)
    while left:
        here = left.pop()
        for one in (imported_by(here) if here in FILES else frozenset()) - found.keys():
            found[one] = here
            left.append(one)
    return found

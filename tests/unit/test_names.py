"""A function says what it does or gives, and its module whose it is: one name for both says one of them."""

from __future__ import annotations

import ast

from tests.support.imports import FILES, FOLDERS, tree_of

COMMANDS = {
    "cli.demo.demo",
    "cli.main.main",
    "cli.up.up",
    "coordinator.main.main",
    "edge.main.main",
    "edge.tools.analyze.analyze",
}
"""Called as people type them; each is what its module is for."""


def stuttering(name: str, tree: ast.Module) -> list[str]:
    """The functions of a module that are called like it."""
    functions = [node.name for node in tree.body if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)]
    return [f"{name}.{one}" for one in functions if one == name.rpartition(".")[2]]


def test_no_function_is_called_like_its_module() -> None:
    found = {one for name in FILES.keys() - FOLDERS for one in stuttering(name, tree_of(name))}
    assert found == COMMANDS


def test_a_new_stutter_would_be_seen() -> None:
    assert stuttering("shared.severity", ast.parse("def severity() -> float: ...")) == [
        "shared.severity.severity"
    ]

"""Each inference runtime is loaded in one module, by its name and on use, which import-linter cannot see."""

from __future__ import annotations

import ast

import pytest

from tests.support.imports import FILES, imported, tree_of

HOMES = {
    "ai_edge_litert": "models.litert",
    "mediapipe": "models.mediapipe_tasks",
    "onnxruntime": "models.onnx_session",
    "openvino": "models.openvino_request",
    "pocketsphinx": "models.keywords",
    "torch": None,
    "webrtcvad": "models.voice",
}
"""Where a runtime is loaded; None: nowhere."""
LOADERS = {"__import__": "models.backend", "import_module": "shared.late_commands"}
"""Who may import by a name in a variable: the loader of runtimes, and command lines their own commands."""


def loaded(name: str, tree: ast.Module) -> list[str]:
    """Runtimes that a module loads away from their homes, and imports by name that nobody can read."""
    found = {one.partition(".")[0] for one in imported(tree)}
    unread: set[str] = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.Call):
            called = node.func.attr if isinstance(node.func, ast.Attribute) else getattr(node.func, "id", "")
            if called == "imported":
                match node.args:
                    case [ast.Constant(value=str(package))]:
                        found.add(package.partition(".")[0])
                    case _:
                        unread.add("imported")
            elif called in LOADERS and LOADERS[called] != name:
                unread.add(called)
    return sorted(unread | {one for one in found & HOMES.keys() if HOMES[one] != name})


def test_each_runtime_is_loaded_in_its_home_alone() -> None:
    astray = {name: loaded(name, tree_of(name)) for name in FILES}
    assert {name: found for name, found in astray.items() if found} == {}


def test_each_home_loads_its_runtime() -> None:
    homes = {home for home in HOMES.values() if home}
    found = {(home, one) for home in homes for one in loaded("elsewhere", tree_of(home))}
    assert {(home, one) for one, home in HOMES.items() if home} <= found


@pytest.mark.parametrize(
    ("name", "said", "found"),
    [
        ("models.body", 'imported("onnxruntime")', ["onnxruntime"]),
        ("edge.analysis.ears", 'backend.imported("ai_edge_litert.interpreter")', ["ai_edge_litert"]),
        ("models.litert", "import openvino", ["openvino"]),
        ("cli.models", "from onnxruntime import InferenceSession", ["onnxruntime"]),
        ("models.runtime", "imported(package)", ["imported"]),
        ("models.objects", '__import__("openvino")', ["__import__"]),
        ("models.objects", 'importlib.import_module("openvino")', ["import_module"]),
    ],
)
def test_a_runtime_astray_would_be_seen(name: str, said: str, found: list[str]) -> None:
    assert loaded(name, ast.parse(said)) == found

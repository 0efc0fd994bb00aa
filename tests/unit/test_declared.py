"""What a program imports, its extra declares: what only comes along with another package may stay away."""

from __future__ import annotations

import ast
import re
import sys
import tomllib
from collections.abc import Iterable

import pytest

from tests.support.imports import FILES, PACKAGES, ROOT, brought, tree_of

PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]
CALLED = {
    "google": "protobuf",
    "cv2": "opencv-contrib-python",
    "jwt": "pyjwt",
    "nats": "nats-py",
    "opentelemetry": "opentelemetry-sdk",
    "PIL": "pillow",
    "skimage": "scikit-image",
    "webrtcvad": "webrtcvad-wheels",
    "yaml": "pyyaml",
}
"""Distributions with another name than what is imported from them."""
SAID = {"cli": {"numpy", "onnx"}, "coordinator": {"confluent-kafka"}}
"""What a program does without: what needs it asks first whether it is there."""


def distributions(requirements: Iterable[str]) -> set[str]:
    """The names in some requirements."""
    return {name.group().lower() for one in requirements if (name := re.match(r"[\w-]+", one))}


def declared(*extras: str) -> set[str]:
    """What is installed with some extras."""
    named = [one for extra in extras for one in PROJECT["optional-dependencies"][extra]]
    return distributions([*PROJECT["dependencies"], *named])


def undeclared(tree: ast.Module, known: set[str]) -> list[str]:
    """Of what some source brings, the distributions that nobody declares."""
    tops = {one.partition(".")[0] for one in brought(tree)} - sys.stdlib_module_names - set(PACKAGES)
    return sorted({CALLED.get(top, top.replace("_", "-")) for top in tops} - known)


@pytest.mark.parametrize("program", ["edge", "coordinator", "cli"])
def test_what_a_program_imports_is_declared_in_its_extra(program: str) -> None:
    """Also what it imports through `shared` and `models`."""
    known = declared(program) | SAID.get(program, set())
    lacking = {name: undeclared(tree_of(name), known) for name in FILES if name.partition(".")[0] == program}
    assert {name: found for name, found in lacking.items() if found} == {}


def test_runtimes_that_are_imported_by_name_are_declared() -> None:
    named = {
        str(node.args[0].value).partition(".")[0]
        for name in FILES
        for node in ast.walk(tree_of(name))
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == "imported"
        if isinstance(node.args[0], ast.Constant)
    }
    assert named == {"ai_edge_litert", "flatbuffers", "mediapipe", "onnxruntime", "openvino", "pocketsphinx"}
    assert {"ai-edge-litert", "flatbuffers", "mediapipe", "pocketsphinx"} <= declared("edge")
    for extra in ("cpu", "gpu"):
        assert {"openvino"} < {one for one in declared(extra) if one.startswith(("openvino", "onnxruntime-"))}


def test_an_undeclared_import_would_be_seen() -> None:
    assert undeclared(ast.parse("import click\nimport numpy, json"), declared("edge")) == ["click"]

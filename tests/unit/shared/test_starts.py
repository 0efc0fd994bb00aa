"""What a program imports to start: little for a small command, and nothing of other commands."""

from __future__ import annotations

import ast
import subprocess
import sys
from pathlib import Path

import pytest

from cli.main import COMMANDS as OF_PROCTORCTL
from coordinator.main import COMMANDS as OF_COORDINATOR
from edge.main import TOOLS as OF_EDGE

STARTED = """
import sys
from {module} import {main}
sys.argv = ["program", *{arguments}]
try:
    {main}()
except SystemExit:
    pass
sys.stdout = sys.__stdout__
print()
print(*(name for name, module in sys.modules.items() if module))
"""
NETWORKS = "numpy cv2 onnxruntime aiortc av"
SERVER = "uvicorn fastapi starlette nats"
TABLES = "sqlalchemy sqlmodel alembic"


def _imported(module: str, main: str, arguments: list[str]) -> set[str]:
    program = STARTED.format(module=module, main=main, arguments=arguments)
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, timeout=60)
    return set(done.stdout.splitlines()[-1].split())


@pytest.mark.parametrize(
    ("module", "main", "arguments", "needed", "spared"),
    [
        (
            "cli.main",
            "main",
            ["--help"],
            "typer",
            f"httpx pydantic yaml jwt cli.client cli.sessions {SERVER} {TABLES} {NETWORKS}",
        ),
        (
            "cli.main",
            "main",
            ["tenants", "list"],
            "cli.tenant_calls shared.api.tenants httpx",
            "httpx._main yaml jwt cli.sessions cli.session_calls shared.api.exams "
            f"{SERVER} {TABLES} {NETWORKS}",
        ),
        (
            "coordinator.main",
            "main",
            ["--help"],
            "coordinator.config",
            f"coordinator.schema coordinator.master_commands {SERVER} {TABLES} {NETWORKS}",
        ),
        (
            "edge.main",
            "main",
            ["--help"],
            "edge.config",
            f"edge.app edge.media edge.tools edge.accuracy edge.membership.command {SERVER} {NETWORKS}",
        ),
    ],
    ids=["proctorctl", "proctorctl with one noun", "proctor-coordinator", "proctor-edge"],
)
def test_a_start_imports_what_its_command_needs(
    module: str, main: str, arguments: list[str], needed: str, spared: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PROCTOR_URL", "http://127.0.0.1:9")
    monkeypatch.setenv("PROCTOR_TOKEN", "none")
    imported = _imported(module, main, arguments)
    assert set(needed.split()) <= imported
    assert not imported.intersection(spared.split())


@pytest.mark.parametrize("rows", [OF_PROCTORCTL, OF_COORDINATOR, OF_EDGE])
def test_a_late_command_is_where_its_row_says_and_its_help_begins_with_the_line(
    rows: dict[str, tuple[str, str]],
) -> None:
    for name, (place, line) in rows.items():
        module, _, attribute = place.partition(":")
        text = Path(module.replace(".", "/")).with_suffix(".py").read_text()
        functions = {each.name: each for each in ast.parse(text).body if isinstance(each, ast.FunctionDef)}
        if f"\n{attribute} = typer.Typer(no_args_is_help=True)\n" not in text:
            help_text = ast.get_docstring(functions.get(attribute) or functions[name]) or ""
            assert " ".join(help_text.partition("\n\n")[0].split()) == line

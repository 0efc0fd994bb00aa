"""The committed description is the one the program gives."""

import json
from pathlib import Path

import pytest

import coordinator
from coordinator.app import create_app
from coordinator.config import CoordinatorConfig

COMMITTED = Path(coordinator.__file__).with_name("openapi.json")


@pytest.fixture(scope="module")
def described() -> dict[str, object]:
    return create_app(CoordinatorConfig(data_folder=Path("/nonexistent"))).openapi()


def test_the_committed_description_is_what_the_program_gives(described: dict[str, object]) -> None:
    assert json.loads(COMMITTED.read_text()) == json.loads(json.dumps(described)), "run: make openapi"


def test_every_route_that_creates_takes_an_idempotency_key(described: dict[str, object]) -> None:
    paths = described["paths"]
    assert isinstance(paths, dict)
    creates = {
        operation["operationId"]: [one["name"] for one in operation.get("parameters", ())]
        for path in paths.values()
        for method, operation in path.items()
        if method == "post" and "201" in operation["responses"]
    }
    assert {"enroll_candidate", "start_session", "create_exam", "create_token"} <= set(creates)
    assert [name for name, taken in creates.items() if "Idempotency-Key" not in taken] == []

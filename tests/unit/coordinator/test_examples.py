"""Every example of the description is what it says it is."""

from collections.abc import Mapping
from importlib import import_module
from pkgutil import iter_modules
from typing import Any

import pytest
from pydantic import BaseModel

import shared.api
from coordinator.destinations.examples import DESTINATION_EXAMPLES
from coordinator.enrollments.examples import FACE_EXAMPLES
from coordinator.exams.examples import EXAM_EXAMPLES
from coordinator.holds.examples import HOLD_EXAMPLES
from coordinator.memberships.examples import MEMBERSHIP_EXAMPLES
from coordinator.nodes.examples import NODE_EXAMPLES
from coordinator.reports.examples import REPORT_EXAMPLES
from coordinator.retention.examples import RETENTION_EXAMPLES
from coordinator.reviews.examples import REVIEW_EXAMPLES
from coordinator.sessions.examples import SESSION_EXAMPLES
from coordinator.tenants.examples import TENANT_EXAMPLES
from coordinator.tokens.examples import TOKEN_EXAMPLES
from coordinator.web_api.examples import EXAMPLES
from shared.policy.schema import Policy, parse_accommodation, parse_policy
from shared.policy.terms import Accommodation

GROUPS = (
    EXAMPLES,
    DESTINATION_EXAMPLES,
    FACE_EXAMPLES,
    EXAM_EXAMPLES,
    HOLD_EXAMPLES,
    MEMBERSHIP_EXAMPLES,
    NODE_EXAMPLES,
    REVIEW_EXAMPLES,
    REPORT_EXAMPLES,
    RETENTION_EXAMPLES,
    SESSION_EXAMPLES,
    TENANT_EXAMPLES,
    TOKEN_EXAMPLES,
)
ALL = [example for group in GROUPS for example in group.items()]


def bodies() -> dict[str, type[BaseModel]]:
    """Every body of the API by its name."""
    modules = [import_module(f"shared.api.{found.name}") for found in iter_modules(shared.api.__path__)]
    named = {name: value for module in modules for name, value in vars(module).items()}
    return {
        name: value
        for name, value in named.items()
        if isinstance(value, type) and issubclass(value, BaseModel)
    }


BODIES = bodies()


@pytest.mark.parametrize(("name", "example"), ALL, ids=[name for name, _ in ALL])
def test_an_example_is_valid(name: str, example: Mapping[str, Any]) -> None:
    told = BODIES[name].model_validate(example)
    assert told.model_fields_set == set(example), "a name that no field has would say nothing"


def test_the_policies_in_examples_are_policies() -> None:
    for name in ("ExamRequest", "PolicyRequest"):
        assert parse_policy(EXAM_EXAMPLES[name]["policy"]) != Policy()
    agreed = parse_accommodation(EXAM_EXAMPLES["AccommodationRequest"]["accommodation"])
    assert agreed != Accommodation()

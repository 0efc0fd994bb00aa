"""Every example of the description is what it says it is."""

from collections.abc import Mapping
from types import ModuleType
from typing import Any

import pytest

from coordinator.enrollments.examples import FACE_EXAMPLES
from coordinator.examples import EXAMPLES
from coordinator.exams.examples import EXAM_EXAMPLES
from coordinator.reports.examples import REPORT_EXAMPLES
from coordinator.reviews.examples import REVIEW_EXAMPLES
from coordinator.sessions.examples import SESSION_EXAMPLES
from coordinator.tokens.examples import TOKEN_EXAMPLES
from shared import api, exam_api, face_api, incident_api, report_api, session_api, token_api
from shared.policy import Accommodation, Policy, parse_accommodation, parse_policy

ALL = [
    (module, name, example)
    for module, examples in (
        (api, EXAMPLES),
        (face_api, FACE_EXAMPLES),
        (exam_api, EXAM_EXAMPLES),
        (incident_api, REVIEW_EXAMPLES),
        (report_api, REPORT_EXAMPLES),
        (session_api, SESSION_EXAMPLES),
        (token_api, TOKEN_EXAMPLES),
    )
    for name, example in examples.items()
]


@pytest.mark.parametrize(("module", "name", "example"), ALL, ids=[name for _, name, _ in ALL])
def test_an_example_is_valid(module: ModuleType, name: str, example: Mapping[str, Any]) -> None:
    told = getattr(module, name).model_validate(example)
    assert told.model_fields_set == set(example), "a name that no field has would say nothing"


def test_the_policies_in_examples_are_policies() -> None:
    for name in ("ExamRequest", "PolicyRequest"):
        assert parse_policy(EXAM_EXAMPLES[name]["policy"]) != Policy()
    agreed = parse_accommodation(EXAM_EXAMPLES["AccommodationRequest"]["accommodation"])
    assert agreed != Accommodation()

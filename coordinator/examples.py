"""The examples of all nouns for the API description. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Any, Final

from coordinator.desired.examples import DESIRED_EXAMPLES
from coordinator.destinations.examples import DESTINATION_EXAMPLES
from coordinator.enrollments.examples import FACE_EXAMPLES
from coordinator.exams.examples import EXAM_EXAMPLES
from coordinator.holds.examples import HOLD_EXAMPLES
from coordinator.memberships.examples import MEMBERSHIP_EXAMPLES
from coordinator.nodes.examples import NODE_EXAMPLES
from coordinator.openness.examples import OPENNESS_EXAMPLES
from coordinator.privacy.examples import PRIVACY_EXAMPLES
from coordinator.reports.examples import REPORT_EXAMPLES
from coordinator.retention.examples import RETENTION_EXAMPLES
from coordinator.reviews.examples import REVIEW_EXAMPLES
from coordinator.rollouts.examples import ROLLOUT_EXAMPLES
from coordinator.sessions.examples import SESSION_EXAMPLES
from coordinator.tenants.examples import TENANT_EXAMPLES
from coordinator.tokens.examples import TOKEN_EXAMPLES
from coordinator.web_api.examples import EXAMPLES

ALL_EXAMPLES: Final[Mapping[str, Mapping[str, Any]]] = MappingProxyType(
    {
        **EXAMPLES,
        **DESIRED_EXAMPLES,
        **DESTINATION_EXAMPLES,
        **FACE_EXAMPLES,
        **EXAM_EXAMPLES,
        **HOLD_EXAMPLES,
        **MEMBERSHIP_EXAMPLES,
        **NODE_EXAMPLES,
        **OPENNESS_EXAMPLES,
        **PRIVACY_EXAMPLES,
        **REVIEW_EXAMPLES,
        **REPORT_EXAMPLES,
        **RETENTION_EXAMPLES,
        **ROLLOUT_EXAMPLES,
        **SESSION_EXAMPLES,
        **TENANT_EXAMPLES,
        **TOKEN_EXAMPLES,
    }
)
"""By the name of the body."""

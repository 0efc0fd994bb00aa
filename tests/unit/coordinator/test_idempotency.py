"""Which requests are the same one."""

from dataclasses import replace
from uuid import uuid4

from coordinator.idempotency.sameness import request_hash
from shared.tokens import Claims, Role

WHO = Claims(subject="platform", role=Role.SYSTEM, tenant_id=uuid4())


def test_bearer_path_and_key_together_make_a_request_the_same() -> None:
    first = request_hash(WHO, "/api/v1/exams", "k")
    assert first == request_hash(WHO, "/api/v1/exams", "k")
    others = {
        request_hash(WHO, "/api/v1/tokens", "k"),
        request_hash(WHO, "/api/v1/exams", "k2"),
        request_hash(replace(WHO, subject="other"), "/api/v1/exams", "k"),
        request_hash(replace(WHO, role=Role.ADMIN), "/api/v1/exams", "k"),
        request_hash(replace(WHO, tenant_id=uuid4()), "/api/v1/exams", "k"),
    }
    assert len(others | {first}) == 6

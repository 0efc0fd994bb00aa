"""A session to watch in tests: fixed ids, fixed start, no real person."""

from __future__ import annotations

from datetime import UTC, datetime
from types import MappingProxyType
from uuid import UUID

from edge.judging.alerts import WatchedSession
from shared.policy.schema import Policy

SESSION_ID = UUID("018f3c1e-7b1a-7c00-8000-000000000001")
NODE_ID = UUID("018f3c1e-7b1a-7c00-8000-0000000000aa")
STARTED = datetime(2026, 11, 22, 14, 0, 0, tzinfo=UTC)


def watched(policy: Policy | None = None) -> WatchedSession:
    return WatchedSession(
        session_id=SESSION_ID,
        exam_session_id="SESS-EXAM-CS101-CAND-12345",
        candidate_id="CAND-2024-12345",
        exam_id="EXAM-CS101-FINAL",
        policy=policy or Policy(),
        started_utc=STARTED,
        node_id=NODE_ID,
        region="eu-1",
        models=MappingProxyType({"faces": "detector@1", "identity": "recogniser@1"}),
        device=lambda: "cpu",
    )

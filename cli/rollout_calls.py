"""The part of the client for rollouts of networks, and for the versions that exams have."""

from __future__ import annotations

from cli.calls import Calls, path_of
from shared.api.rollouts import (
    ExamNetworksOut,
    ExamNetworksRequest,
    RolloutDecision,
    RolloutOut,
    RolloutRequest,
)


class RolloutCalls:
    """Calls about rollouts, over a client's connection."""

    def __init__(self, calls: Calls) -> None:
        self._calls = calls

    def listed(self) -> list[RolloutOut]:
        """The last ones, the newest first."""
        return self._calls.rows(path_of("models", "rollouts"), RolloutOut)

    def begin(self, request: RolloutRequest) -> RolloutOut:
        return self._calls.one("POST", path_of("models", "rollouts"), RolloutOut, body=request)

    def abort(self, rollout_id: str, decision: RolloutDecision) -> RolloutOut:
        return self._ended(rollout_id, "abort", decision)

    def promote(self, rollout_id: str, decision: RolloutDecision) -> RolloutOut:
        return self._ended(rollout_id, "promote", decision)

    def pin(self, exam_id: str, request: ExamNetworksRequest) -> ExamNetworksOut:
        return self._calls.one("PUT", path_of("exams", exam_id, "networks"), ExamNetworksOut, body=request)

    def _ended(self, rollout_id: str, how: str, decision: RolloutDecision) -> RolloutOut:
        path = path_of("models", "rollouts", rollout_id, how)
        return self._calls.one("POST", path, RolloutOut, body=decision)

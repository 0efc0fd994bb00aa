"""The coordinator's REST API for `proctorctl`: one part per noun, one method per call; refusals become our
errors. A part is imported when it is first used: to build the bodies of every noun takes half a second.

The token comes from the caller (a file or the environment, never the command line).
"""

from __future__ import annotations

from functools import cached_property
from types import TracebackType
from typing import TYPE_CHECKING, Self

from cli.calls import Calls

if TYPE_CHECKING:
    import httpx

    from cli.alert_calls import AlertCalls
    from cli.audit_calls import AuditCalls
    from cli.destination_calls import DestinationCalls
    from cli.device_calls import DeviceCalls
    from cli.enrollment_calls import EnrollmentCalls
    from cli.exam_calls import ExamCalls
    from cli.feature_calls import FeatureCalls
    from cli.incident_calls import IncidentCalls
    from cli.keeping_calls import KeepingCalls
    from cli.membership_calls import MembershipCalls
    from cli.node_calls import NodeCalls
    from cli.privacy_calls import PrivacyCalls
    from cli.rollout_calls import RolloutCalls
    from cli.session_calls import SessionCalls
    from cli.tenant_calls import TenantCalls
    from cli.token_calls import TokenCalls


class Client:
    """A connection to one coordinator; use it as a context manager."""

    def __init__(self, url: str, token: str, transport: httpx.BaseTransport | None = None) -> None:
        self._calls = Calls(url, token, transport)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._calls.close()

    @cached_property
    def alerts(self) -> AlertCalls:
        from cli.alert_calls import AlertCalls

        return AlertCalls(self._calls)

    @cached_property
    def deliveries(self) -> DestinationCalls:
        from cli.destination_calls import DestinationCalls

        return DestinationCalls(self._calls)

    @cached_property
    def devices(self) -> DeviceCalls:
        from cli.device_calls import DeviceCalls

        return DeviceCalls(self._calls)

    @cached_property
    def enrollments(self) -> EnrollmentCalls:
        from cli.enrollment_calls import EnrollmentCalls

        return EnrollmentCalls(self._calls)

    @cached_property
    def exams(self) -> ExamCalls:
        from cli.exam_calls import ExamCalls

        return ExamCalls(self._calls)

    @cached_property
    def features(self) -> FeatureCalls:
        from cli.feature_calls import FeatureCalls

        return FeatureCalls(self._calls)

    @cached_property
    def fleet(self) -> NodeCalls:
        from cli.node_calls import NodeCalls

        return NodeCalls(self._calls)

    @cached_property
    def incidents(self) -> IncidentCalls:
        from cli.incident_calls import IncidentCalls

        return IncidentCalls(self._calls)

    @cached_property
    def keeping(self) -> KeepingCalls:
        from cli.keeping_calls import KeepingCalls

        return KeepingCalls(self._calls)

    @cached_property
    def memberships(self) -> MembershipCalls:
        from cli.membership_calls import MembershipCalls

        return MembershipCalls(self._calls)

    @cached_property
    def privacy(self) -> PrivacyCalls:
        from cli.privacy_calls import PrivacyCalls

        return PrivacyCalls(self._calls)

    @cached_property
    def record(self) -> AuditCalls:
        from cli.audit_calls import AuditCalls

        return AuditCalls(self._calls)

    @cached_property
    def rollouts(self) -> RolloutCalls:
        from cli.rollout_calls import RolloutCalls

        return RolloutCalls(self._calls)

    @cached_property
    def sessions(self) -> SessionCalls:
        from cli.session_calls import SessionCalls

        return SessionCalls(self._calls)

    @cached_property
    def tenants(self) -> TenantCalls:
        from cli.tenant_calls import TenantCalls

        return TenantCalls(self._calls)

    @cached_property
    def tokens(self) -> TokenCalls:
        from cli.token_calls import TokenCalls

        return TokenCalls(self._calls)

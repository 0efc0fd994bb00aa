"""The coordinator's REST API for `proctorctl`: one method per call; refusals become our errors.

The token comes from the caller (a file or the environment, never the command line).
"""

from __future__ import annotations

from pathlib import Path
from types import TracebackType
from typing import Self

import httpx
from pydantic import BaseModel

from cli.calls import Calls, Query, path_of
from cli.destination_calls import DestinationCalls
from cli.feature_calls import FeatureCalls
from cli.keeping_calls import KeepingCalls
from cli.node_calls import NodeCalls
from cli.privacy_calls import PrivacyCalls
from shared.api.alerts import AlertOut, AlertPage, TimelineOut
from shared.api.audit import AuditEntryOut, AuditPage
from shared.api.enrollments import (
    EnrollmentDecision,
    EnrollRequest,
    EnrollResponse,
    PendingEnrollmentOut,
    PendingEnrollmentPage,
)
from shared.api.exams import (
    AccommodationOut,
    AccommodationPage,
    AccommodationRequest,
    ExamChange,
    ExamOut,
    ExamPage,
    ExamRequest,
    PolicyDiff,
    PolicyOut,
    PolicyPage,
    PolicyRequest,
    PolicySummary,
)
from shared.api.incidents import (
    IncidentDetail,
    IncidentOut,
    IncidentPage,
    InterventionOut,
    RescoreOut,
    RescoreRequest,
    RulePrecision,
)
from shared.api.links import ApproveDeviceRequest, DeviceOut, DevicesOut, LinkResponse, TicketResponse
from shared.api.memberships import (
    JoinTokenOut,
    JoinTokenRequest,
    NodeCertificateOut,
    NodeCertificatePage,
)
from shared.api.nodes import NodeOut, ParkedOut, ReplayOut
from shared.api.sessions import (
    SessionEndResponse,
    SessionListed,
    SessionOut,
    SessionPage,
    SessionPolicyOut,
    SessionPolicyRequest,
    SessionStartRequest,
    SessionStartResponse,
)
from shared.api.tenants import AcknowledgementRule, OwnTenantOut, TenantOut, TenantPage, TenantRequest
from shared.api.tokens import TokenKeyOut, TokenOut, TokenPage, TokenRequest, TokenResponse


class Client:
    """A connection to one coordinator; use it as a context manager."""

    def __init__(self, url: str, token: str, transport: httpx.BaseTransport | None = None) -> None:
        self._calls = Calls(url, token, transport)
        self.deliveries = DestinationCalls(self._calls)
        self.fleet = NodeCalls(self._calls)
        self.keeping = KeepingCalls(self._calls)
        self.features = FeatureCalls(self._calls)
        self.privacy = PrivacyCalls(self._calls)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._calls.close()

    def enroll(self, request: EnrollRequest) -> EnrollResponse:
        return self._calls.one("POST", path_of("enroll"), EnrollResponse, body=request)

    def enrollment(self, candidate_id: str) -> EnrollResponse:
        """The enrollment in force."""
        return self._calls.one("GET", path_of("enrollments", candidate_id), EnrollResponse)

    def pending_enrollments(self, most: int) -> list[PendingEnrollmentOut]:
        """Enrollments that wait for an administrator, the longest wait first."""
        return self._calls.pages(path_of("pending-enrollments"), PendingEnrollmentPage, most)

    def decide_enrollment(self, enrollment_id: str, decision: EnrollmentDecision) -> PendingEnrollmentOut:
        path = path_of("pending-enrollments", enrollment_id, "decide")
        return self._calls.one("POST", path, PendingEnrollmentOut, body=decision)

    def erase_enrollment(self, candidate_id: str) -> None:
        self._calls.send("DELETE", path_of("enrollments", candidate_id))

    def start_session(self, request: SessionStartRequest) -> SessionStartResponse:
        return self._calls.one("POST", path_of("session", "start"), SessionStartResponse, body=request)

    def end_session(self, session_id: str) -> SessionEndResponse:
        return self._calls.one("POST", path_of("session", session_id, "end"), SessionEndResponse)

    def timeline(self, session_id: str) -> TimelineOut:
        return self._calls.one("GET", path_of("session", session_id, "timeline"), TimelineOut)

    def make_link(self, session_id: str) -> LinkResponse:
        return self._calls.one("POST", path_of("session", session_id, "link"), LinkResponse)

    def devices(self, session_id: str) -> DevicesOut:
        return self._calls.one("GET", path_of("session", session_id, "devices"), DevicesOut)

    def approve_device(self, session_id: str, request: ApproveDeviceRequest) -> DeviceOut:
        path = path_of("session", session_id, "approve-device")
        return self._calls.one("POST", path, DeviceOut, body=request)

    def socket_ticket(self, session_id: str) -> TicketResponse:
        return self._calls.one("POST", path_of("session", session_id, "ws-ticket"), TicketResponse)

    def session(self, session_id: str) -> SessionOut:
        return self._calls.one("GET", path_of("session", session_id), SessionOut)

    def sessions(self, filters: Query, most: int) -> list[SessionListed]:
        """Sessions that match the filters, worst first."""
        return self._calls.pages(path_of("sessions"), SessionPage, most, filters)

    def alerts(self, filters: Query, most: int | None = None) -> list[AlertOut]:
        """Alerts that match the filters, oldest first, up to `limit`."""
        return self._calls.pages(path_of("alerts"), AlertPage, most, filters)

    def incidents(self, filters: Query, most: int) -> list[IncidentOut]:
        """The first incidents of the review queue that match the filters."""
        return self._calls.pages(path_of("incidents"), IncidentPage, most, filters)

    def incident(self, incident_id: str) -> IncidentDetail:
        return self._calls.one("GET", path_of("incidents", incident_id), IncidentDetail)

    def review(self, incident_id: str, act: str, body: BaseModel | None = None) -> IncidentOut:
        """Act on an incident: `claim`, `release`, `comment`, `confirm`, `dismiss`, `reopen`,
        `appeal/decide`."""
        return self._calls.one(
            "POST", path_of("incidents", incident_id, *act.split("/")), IncidentOut, body=body
        )

    def precision(self, exam_id: str | None) -> list[RulePrecision]:
        query = {"exam_id": exam_id} if exam_id else None
        return self._calls.rows(path_of("incidents", "precision"), RulePrecision, query)

    def intervene(self, session_id: str, act: str, body: BaseModel) -> InterventionOut:
        """Act on a running session: `message`, `pause`, `resume`, `extra-time`, `flag`,
        `terminate`."""
        return self._calls.one("POST", path_of("session", session_id, act), InterventionOut, body=body)

    def rescore(self, session_id: str, request: RescoreRequest) -> RescoreOut:
        return self._calls.one("POST", path_of("session", session_id, "rescore"), RescoreOut, body=request)

    def report(self, session_id: str, form: str) -> bytes:
        """`report`, `report.html`, `report.pdf` or `hearing-bundle` of a session, as received."""
        return self._calls.send("GET", path_of("session", session_id, form))

    def change_session_policy(self, session_id: str, request: SessionPolicyRequest) -> SessionPolicyOut:
        path = path_of("session", session_id, "policy")
        return self._calls.one("PUT", path, SessionPolicyOut, body=request)

    def exams(self, most: int) -> list[ExamOut]:
        """The newest exams."""
        return self._calls.pages(path_of("exams"), ExamPage, most)

    def exam(self, exam_id: str) -> ExamOut:
        return self._calls.one("GET", path_of("exams", exam_id), ExamOut)

    def create_exam(self, request: ExamRequest) -> ExamOut:
        return self._calls.one("POST", path_of("exams"), ExamOut, body=request)

    def change_exam(self, exam_id: str, change: ExamChange) -> ExamOut:
        return self._calls.one("PUT", path_of("exams", exam_id), ExamOut, body=change)

    def policy(self, exam_id: str, version: int | None) -> PolicyOut:
        """One version of an exam's policy, or the one in force."""
        place = ("policy",) if version is None else ("policies", str(version))
        return self._calls.one("GET", path_of("exams", exam_id, *place), PolicyOut)

    def add_policy(self, exam_id: str, request: PolicyRequest) -> PolicyOut:
        return self._calls.one("POST", path_of("exams", exam_id, "policies"), PolicyOut, body=request)

    def policy_versions(self, exam_id: str, most: int) -> list[PolicySummary]:
        """The newest versions."""
        return self._calls.pages(path_of("exams", exam_id, "policies"), PolicyPage, most)

    def policy_diff(self, exam_id: str, before: int, after: int) -> PolicyDiff:
        query = {"before": str(before), "after": str(after)}
        return self._calls.one("GET", path_of("exams", exam_id, "policy-diff"), PolicyDiff, query=query)

    def accommodations(self, exam_id: str, most: int) -> list[AccommodationOut]:
        return self._calls.pages(path_of("exams", exam_id, "accommodations"), AccommodationPage, most)

    def accommodation(self, exam_id: str, candidate_id: str) -> AccommodationOut:
        return self._calls.one(
            "GET", path_of("exams", exam_id, "accommodations", candidate_id), AccommodationOut
        )

    def agree(self, exam_id: str, candidate_id: str, request: AccommodationRequest) -> AccommodationOut:
        path = path_of("exams", exam_id, "accommodations", candidate_id)
        return self._calls.one("PUT", path, AccommodationOut, body=request)

    def withdraw_accommodation(self, exam_id: str, candidate_id: str) -> None:
        self._calls.send("DELETE", path_of("exams", exam_id, "accommodations", candidate_id))

    def tokens(self, subject: str, most: int) -> list[TokenOut]:
        """The tokens that expire first."""
        return self._calls.pages(path_of("tokens"), TokenPage, most, {"subject": subject} if subject else {})

    def create_token(self, request: TokenRequest) -> TokenResponse:
        return self._calls.one("POST", path_of("tokens"), TokenResponse, body=request)

    def revoke_token(self, token_id: str) -> None:
        self._calls.send("DELETE", path_of("tokens", token_id))

    def token_keys(self) -> list[TokenKeyOut]:
        return self._calls.rows(path_of("token-keys"), TokenKeyOut)

    def rotate_token_key(self) -> TokenKeyOut:
        return self._calls.one("POST", path_of("token-keys"), TokenKeyOut)

    def revoke_token_key(self, key_id: str) -> None:
        self._calls.send("DELETE", path_of("token-keys", key_id))

    def create_tenant(self, request: TenantRequest) -> TenantOut:
        return self._calls.one("POST", path_of("tenants"), TenantOut, body=request)

    def tenants(self, most: int | None) -> list[TenantOut]:
        """Institutions, the oldest first."""
        return self._calls.pages(path_of("tenants"), TenantPage, most)

    def disable_tenant(self, tenant_id: str) -> TenantOut:
        return self._calls.one("POST", path_of("tenants", tenant_id, "disable"), TenantOut)

    def enable_tenant(self, tenant_id: str) -> TenantOut:
        return self._calls.one("POST", path_of("tenants", tenant_id, "enable"), TenantOut)

    def own_tenant(self) -> OwnTenantOut:
        return self._calls.one("GET", path_of("tenant"), OwnTenantOut)

    def set_acknowledgement(self, purpose: str, rule: AcknowledgementRule) -> OwnTenantOut:
        path = path_of("tenant", "acknowledgements", purpose)
        return self._calls.one("PUT", path, OwnTenantOut, body=rule)

    def parked(self) -> list[ParkedOut]:
        """Alert messages that could not be judged, by node and reason."""
        return self._calls.rows(path_of("parked-messages"), ParkedOut)

    def replay_parked(self) -> ReplayOut:
        return self._calls.one("POST", path_of("parked-messages", "replay"), ReplayOut)

    def create_join_token(self, request: JoinTokenRequest) -> JoinTokenOut:
        return self._calls.one("POST", path_of("nodes", "tokens"), JoinTokenOut, body=request)

    def node_certificates(self, most: int) -> list[NodeCertificateOut]:
        """Nodes' certificates, the soonest to end first."""
        return self._calls.pages(path_of("nodes", "certificates"), NodeCertificatePage, most)

    def revoke_node(self, node_id: str) -> None:
        self._calls.send("POST", path_of("nodes", node_id, "revoke"))

    def audit(self, filters: dict[str, str], most: int | None) -> list[AuditEntryOut]:
        """Entries of the audit log, oldest first."""
        return self._calls.pages(path_of("audit"), AuditPage, most, filters)

    def audit_export(self, file: Path, after: int) -> int:
        """Write the audit log to a file; returns its bytes."""
        return self._calls.save(path_of("audit", "export"), {"after": str(after)}, file)

    def nodes(self) -> list[NodeOut]:
        return self._calls.rows(path_of("nodes"), NodeOut)

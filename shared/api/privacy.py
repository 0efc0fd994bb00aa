"""Bodies of the REST API for data protection: erasure, export, and what is known of a person."""

from __future__ import annotations

from enum import StrEnum
from typing import Literal, Self

from pydantic import model_validator

from shared.api.bodies import Request, Response
from shared.api.exams import ConsentOut
from shared.api.tenants import AcknowledgementRuleOut
from shared.fields import Name, Reference, Utc
from shared.receipts import SignedReceipt


class RequestRefusal(StrEnum):
    """Why a request to be erased is refused: the reasons that the law knows (GDPR, article 17.3 and 12)."""

    LEGAL_OBLIGATION = "legal-obligation"
    LEGAL_CLAIMS = "legal-claims"
    PUBLIC_INTEREST = "public-interest"
    NOT_IDENTIFIED = "not-identified"
    """It is not certain that the candidate asked."""


class DeleteRequest(Request):
    """Whom to erase."""

    candidate_id: Reference
    end_running: bool = False
    """Whether running sessions may be ended for it; otherwise they stand in the way (409
    `session-active`)."""


class ErasureRequestOut(Response):
    """A candidate's request to be erased."""

    request_id: str
    candidate_id: str | None
    """None: the person is erased."""
    asked_at: Utc
    state: Literal["waiting", "granted", "refused"]
    decided_at: Utc | None
    refusal: RequestRefusal | None


class ErasureRequestPage(Response):
    items: list[ErasureRequestOut]
    next_cursor: str | None


class ErasureDecision(Request):
    """An officer's decision on a request."""

    granted: bool
    refusal: RequestRefusal | None = None
    """Required for a refusal."""
    end_running: bool = False
    """As in `DeleteRequest`."""

    @model_validator(mode="after")
    def _reasoned(self) -> Self:
        if self.granted is (self.refusal is not None):
            raise ValueError("refusal must be given for a refusal, and only then")
        return self


class ErasureOut(Response):
    """What came of asking for an erasure."""

    status: Literal["requested", "refused", "erasing", "erased"]
    """`requested`: an officer decides. `erasing`: nothing of the person can be opened any more, and the last
    steps go on by themselves."""
    request: ErasureRequestOut | None = None
    erasure_id: str | None = None
    receipt: SignedReceipt | None = None
    """Once everything is done."""


class CorrectionRequest(Request):
    """A person's candidate_id that is wrong, and the right one."""

    candidate_id: Reference
    new_candidate_id: Reference


class CorrectionOut(Response):
    """A corrected candidate_id."""

    candidate_id: str
    """The present one."""
    candidate_uuid: str
    """The random internal id, which stays."""
    tokens_revoked: int
    """The candidate's own tokens, which had the former name."""
    recipients_told: int
    """Systems of the institution that get a `person.corrected` message."""


class SessionCorrectionRequest(Request):
    """A session's exam_session_id that is wrong, and the right one."""

    exam_session_id: Reference
    new_exam_session_id: Reference


class SessionCorrectionOut(Response):
    """A corrected exam_session_id."""

    exam_session_id: str
    """The present one."""
    session_uuid: str
    """The random internal id, which stays."""
    recipients_told: int
    """Systems of the institution that get a `session.corrected` message."""


class HoldStatus(Response):
    """A legal hold that keeps something of a person."""

    hold_id: str
    reason: str
    until: Utc | None


class PrivacyStatusOut(Response):
    """What is known of a person here, why it may be, and what was said about it."""

    candidate_id: str
    candidate_uuid: str
    """The random internal id: receipts name the person by it."""
    known_since: Utc
    consents: list[ConsentOut]
    """Every consent and withdrawal, newest first, at most 200."""
    acknowledgements: list[ConsentOut]
    """What was acknowledged with sessions' notices, newest first."""
    lawful_bases: list[AcknowledgementRuleOut]
    """The institution's rule per purpose: the candidate's word, or another lawful basis and who recorded
    it."""
    requests: list[ErasureRequestOut]
    holds: list[HoldStatus]
    """While there is one, the person cannot be erased."""
    stored: dict[str, int]
    """How much is stored, by kind."""


class OwnPrivacyOut(Response):
    """What a candidate is told about its own data."""

    candidate_id: str
    known_since: Utc
    stored: dict[str, int]
    """How much is stored, by kind."""
    requests: list[ErasureRequestOut]
    """Its requests to be erased, oldest first."""


class ExportRequest(Request):
    """Whose data to export, and for whom."""

    candidate_id: Reference
    made_for: Name
    """Who gets it; it is written in the export."""

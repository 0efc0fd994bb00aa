"""The part of the REST API about erasure and access: one method per call."""

from __future__ import annotations

from pathlib import Path

from cli.calls import Calls, path_of
from shared.api.privacy import (
    CorrectionOut,
    CorrectionRequest,
    DeleteRequest,
    ErasureDecision,
    ErasureOut,
    ErasureRequestOut,
    ErasureRequestPage,
    ExportRequest,
    PrivacyStatusOut,
    SessionCorrectionOut,
    SessionCorrectionRequest,
)


class PrivacyCalls:
    """Calls about persons and their rights, over a client's connection."""

    def __init__(self, calls: Calls) -> None:
        self._calls = calls

    def export(self, request: ExportRequest, file: Path) -> int:
        """Write everything about a person to a file; returns its bytes."""
        return self._calls.save(path_of("privacy", "export"), {}, file, body=request)

    def status(self, candidate_id: str) -> PrivacyStatusOut:
        return self._calls.one("GET", path_of("privacy", "status", candidate_id), PrivacyStatusOut)

    def delete(self, request: DeleteRequest) -> ErasureOut:
        return self._calls.one("POST", path_of("privacy", "delete"), ErasureOut, body=request)

    def correct(self, request: CorrectionRequest) -> CorrectionOut:
        return self._calls.one("POST", path_of("privacy", "correct"), CorrectionOut, body=request)

    def correct_session(self, request: SessionCorrectionRequest) -> SessionCorrectionOut:
        return self._calls.one(
            "POST", path_of("privacy", "correct-session"), SessionCorrectionOut, body=request
        )

    def requests(self, most: int) -> list[ErasureRequestOut]:
        """Candidates' requests to be erased, oldest first."""
        return self._calls.pages(path_of("privacy", "requests"), ErasureRequestPage, most)

    def decide(self, request_id: str, decision: ErasureDecision) -> ErasureOut:
        path = path_of("privacy", "requests", request_id, "decide")
        return self._calls.one("POST", path, ErasureOut, body=decision)

    def erasure(self, erasure_id: str) -> ErasureOut:
        return self._calls.one("GET", path_of("privacy", "erasures", erasure_id), ErasureOut)

"""Compares one face with all others of an institution (1:N): a result is a question, not an answer.

Off unless the installation switches it on, with its own purpose, only among those who agreed to it, and never
across institutions. Its results are pairs for people to look at; no request is refused because of one.
"""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from sqlmodel import Session

from coordinator.candidates import service as candidates
from coordinator.candidates.tables import Candidate
from coordinator.consents import service as consents
from coordinator.enrollments import faces_service as faces, service as enrollments
from coordinator.enrollments.alike import nearest
from coordinator.enrollments.faces_service import FoundPair, NewPair, Searchable
from coordinator.keys import service as keys
from coordinator.nodes import asking
from coordinator.nodes.fleet import NodeState
from coordinator.web_api.parts import Parts
from shared.api.faces import FacePairOut, FaceSearchRequest, FaceSearchResponse
from shared.consents import Purpose
from shared.enrollment import floats_of
from shared.errors import Rejected
from shared.hybrid import Opener
from shared.messages.comparing import CompareTemplates
from shared.messages.faces import Template, decode_vector
from shared.tokens import Claims

COMPARED: Final = 20
"""The nearest faces, which a node then compares on the calibrated scale."""
ALIKE: Final = 0.75
"""The similarity from which a comparison is accepted."""


@dataclass(frozen=True, slots=True)
class Probe:
    """The searched face and the faces to compare it with."""

    candidate: Candidate
    template: Template
    among: Searchable
    reply_key: Opener


async def search(
    parts: Parts, claims: Claims, reference: str, request: FaceSearchRequest, now_utc: datetime
) -> FaceSearchResponse:
    """Run the search. Raises `Rejected`: 404 without an enrollment, 409 `search-off`, `consent-missing`; and
    `Unavailable` without a node that has a recogniser of the candidate's templates."""
    node = parts.fleet.pick(parts.clock(), seat=False)
    probe = await parts.reading(lambda db: _probe(db, parts, claims, reference, node, now_utc))
    vector = floats_of(decode_vector(probe.template.vector))
    others = probe.among.templates

    def preselect() -> list[Template]:
        vectors = {owner: floats_of(decode_vector(one.vector)) for owner, one in others.items()}
        return [others[owner] for _, owner in nearest(vector, vectors, COMPARED)]

    chosen = await asyncio.to_thread(preselect)
    compared = CompareTemplates(probe=(probe.template,), others=tuple(chosen))
    answer = await asking.compare(parts.commander, node.heartbeat.node_id, compared, probe.reply_key)
    alike = [
        (one, similarity)
        for one, similarity in zip(chosen, answer.similarities, strict=True)
        if similarity is not None and similarity >= ALIKE
    ]
    owners = {one.embedding_id: owner for owner, one in others.items()}

    def store(db: Session) -> list[FacePairOut]:
        found = []
        for one, similarity in alike:
            details = {"similarity": similarity, "recogniser": one.recogniser, "reason": request.reason}
            new = NewPair(owners[one.embedding_id], details, claims.subject, now_utc)
            pair = faces.keep_pair(db, parts.keys.keyring, probe.candidate, new)
            found.append(pair_out(faces.opened(db, parts.keys.keyring, pair)))
        return found

    return FaceSearchResponse(
        candidate_id=reference,
        searched=len(others),
        left_out=probe.among.left_out,
        pairs=await parts.writing(store) if alike else [],
    )


def _probe(
    db: Session, parts: Parts, claims: Claims, reference: str, node: NodeState, now_utc: datetime
) -> Probe:
    keyring = parts.keys.keyring
    candidate = candidates.find(db, claims.tenant_id, reference)
    enrolled = enrollments.enrolled(db, keyring, candidate, now_utc) if candidate else None
    if candidate is None or enrolled is None:
        raise enrollments.unknown()
    check_compared(db, candidate)
    if not parts.config.faces.impersonation_search:
        raise Rejected("the search for faces is switched off here", code="search-off", status=409)
    template = faces.best_template(enrolled, node.heartbeat.recognisers)
    if template is None:
        raise Rejected(
            "no edge node runs a network that this candidate is enrolled with; enroll again",
            code="no-recogniser",
            status=409,
        )
    among = faces.searchable(db, keyring, candidate, template.recogniser, now_utc)
    key = keys.propose_template_key(db, keyring, candidate, now_utc)
    return Probe(candidate, template, among, keyring.open_private(key))


def check_compared(db: Session, candidate: Candidate) -> None:
    """Raises `Rejected` (409 `consent-withdrawn`) when the candidate's face may not be compared any more."""
    if candidate.id in consents.withdrawn(db, candidate.tenant_id, Purpose.IDENTITY_VERIFICATION):
        raise Rejected(
            f"the candidate has withdrawn its consent to {Purpose.IDENTITY_VERIFICATION}; its face is not "
            "compared",
            code="consent-withdrawn",
            status=409,
        )


def pair_out(found: FoundPair) -> FacePairOut:
    """A pair in the API's form."""
    pair, details = found.pair, found.details
    return FacePairOut(
        pair_id=str(pair.id),
        candidate_id=found.candidate.reference,
        other_candidate_id=found.other.reference,
        similarity=details.get("similarity"),
        reason=details.get("reason"),
        state=pair.state.value,
        found_by=pair.found_by,
        found_at=pair.found_utc,
        decided_by=pair.decided_by,
        decided_at=pair.decided_utc,
        text=details.get("text"),
    )

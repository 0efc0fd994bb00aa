"""What crosses between the control side and a worker comes out of pickle as it went in."""

from __future__ import annotations

import pickle
from dataclasses import fields, is_dataclass, replace
from datetime import UTC, datetime
from typing import Any
from uuid import UUID, uuid4

import pytest

from edge.analysis.measured import Looked, Measured
from edge.judging.alerts import AlertRevision
from edge.media.ring import FrameGone
from edge.outbound.envelope import OutgoingAlert, envelope_of
from edge.sessions.port import (
    AssignmentId,
    Delivers,
    Notice,
    PageId,
    SessionOver,
    WorkerReport,
    about,
    assignment_of,
)
from shared.errors import Corrupt, ProctorError, Rejected, Unavailable
from shared.events.types import EventType
from shared.excerpts import Excerpt
from shared.messages.comparing import ComparedTemplates, CompareTemplates
from shared.messages.faces import EnrolledPicture, Template, VerifiedFrame, encode_vector
from shared.messages.heartbeats import SessionState
from shared.notices import candidate_notice
from shared.policy.schema import Policy, parse_policy
from shared.policy.terms import ENROLLMENT_GATE, Accommodation
from tests.support.alerts import SESSION, alert, first_revision
from tests.support.orders import start_order

NOW_UTC = datetime(2026, 11, 22, 14, 0, tzinfo=UTC)
LARGEST_BYTES = 100_000
"""An alert with its thumbnail and an excerpt; pictures to enroll are larger, up to `MAX_PICTURE_BYTES`."""
TEMPLATE = Template(embedding_id=uuid4(), recogniser="r@1", vector=encode_vector(bytes(4 * 512)))
AGREED = parse_policy({"phrases": ["psst"], "features": {"speech_transcription": True}}).for_candidate(
    Accommodation(), speech_opt_in=True
)
ORDER = start_order(policy=AGREED, templates=(TEMPLATE,))
ASSIGNMENT = assignment_of(ORDER)
SAID = Excerpt(phrases=("psst",), text="psst", duration_s=8.2, clip="A" * 20_000)
RAISED = alert(SESSION, 1.0, EventType.FACE_NOT_FOUND, thumbnail=True)
STATE = SessionState(
    session_id=ORDER.session_id,
    epoch=1,
    phase="watching",
    frames_processed=1,
    alerts_triggered=0,
    last_verified_utc=NOW_UTC,
)
VALUES: list[Any] = [
    ORDER,
    start_order(policy=Policy()),
    ASSIGNMENT,
    PageId(ASSIGNMENT, uuid4()),
    ENROLLMENT_GATE,
    CompareTemplates(probe=(TEMPLATE,), others=(TEMPLATE,)),
    EnrolledPicture(faces=1, face=None, failed=(), templates=(TEMPLATE,)),
    ComparedTemplates(similarities=(0.5, None)),
    VerifiedFrame(
        frame_id=1,
        match=None,
        similarity=None,
        threshold=0.75,
        embedding_id=uuid4(),
        face=None,
        failed=(),
        captured_utc=NOW_UTC,
    ),
    WorkerReport(
        level=1,
        device="cpu",
        models={"faces": "yunet@1"},
        recognisers=("r@1",),
        analysis_works=True,
        calls_waiting={"faces": 1},
        dropped={"paused": 2},
        connection_errors={"ice": 1},
        sessions=(STATE,),
    ),
    OutgoingAlert(replace(first_revision(RAISED), excerpt=SAID), envelope_of(ORDER)),
    Notice(ASSIGNMENT, candidate_notice(RAISED, 1) or {}),
    SessionOver(ASSIGNMENT),
    Delivers(ASSIGNMENT, UUID(int=7)),
    Measured("faces", queued_s=0.1, run_s=0.2, outcome="done", cpu_s=0.1),
    Looked(received_s=0.1, waited_s=0.0, looked_s=0.2, judged_s=0.01),
]


@pytest.mark.parametrize("value", VALUES, ids=lambda value: type(value).__name__)
def test_a_value_comes_out_as_it_went_in_and_is_no_larger_than_a_picture(value: Any) -> None:
    sent = pickle.dumps(value)
    assert pickle.loads(sent) == value
    assert len(sent) < LARGEST_BYTES


@pytest.mark.parametrize("value", VALUES, ids=lambda value: type(value).__name__)
def test_a_value_cannot_be_changed_on_either_side(value: Any) -> None:
    name = fields(value)[0].name if is_dataclass(value) else next(iter(type(value).model_fields))
    with pytest.raises((AttributeError, ValueError)):
        setattr(value, name, None)


@pytest.mark.parametrize(
    "error",
    [
        Rejected(
            "no", code="frame-gone", status=410, retry_after_s=3, errors=[{"path": "a", "message": "b"}]
        ),
        Unavailable("away", code="no-node-online", retry_after_s=7),
        Corrupt("bytes"),
        FrameGone(3),
    ],
)
def test_a_refusal_keeps_its_code_and_status(error: ProctorError) -> None:
    back = pickle.loads(pickle.dumps(error))
    assert (type(back), str(back), vars(back)) == (type(error), str(error), vars(error))


def test_what_is_told_says_which_assignment_it_is_about() -> None:
    told = OutgoingAlert(AlertRevision(RAISED, 1), envelope_of(ORDER))
    assert about(told) == about(SessionOver(ASSIGNMENT)) == ASSIGNMENT
    assert assignment_of(ORDER.model_copy(update={"epoch": 2})) == AssignmentId(ORDER.session_id, 2)


@pytest.mark.parametrize(
    "wrong", [{"seal_key": "x25519:AAAA"}, {"transcript_key": "none"}, {"evidence_key": "x"}]
)
def test_an_order_with_a_key_that_is_none_has_no_envelope(wrong: dict[str, str]) -> None:
    with pytest.raises(Corrupt):
        envelope_of(ORDER.model_copy(update=wrong))

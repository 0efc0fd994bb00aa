"""What crosses between processes comes out as it went in, and nothing else comes out."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any
from uuid import uuid4

import pytest

from edge.analysis.measured import Looked, Measured
from edge.media.ring import FrameGone
from edge.outbound.envelope import OutgoingAlert, envelope_of
from edge.sessions.port import Notice, PageId, assignment_of
from edge.workers.calls import (
    ANSWERS,
    AddCandidate,
    Answer,
    Call,
    Change,
    Compare,
    End,
    Enroll,
    Left,
    Pulse,
    Report,
    Said,
    SentError,
    SetLevel,
    ShowCamera,
    Start,
    Verify,
    error_of,
    refusal_of,
)
from edge.workers.codec import read, read_answer, read_call, write_answer, write_call, written
from shared.cameras import Camera
from shared.errors import ConfigError, Corrupt, ProctorError, Rejected, Unavailable
from shared.events.types import EventType
from shared.excerpts import Excerpt
from shared.messages.comparing import CompareTemplates
from shared.messages.faces import Template, encode_vector
from shared.messages.message import parse
from shared.messages.sessions import HandedOver, StartSession
from shared.notices import candidate_notice
from shared.policy.schema import parse_policy
from shared.policy.terms import ENROLLMENT_GATE, Accommodation
from shared.traces.spans import Span, TraceStep
from tests.support.alerts import SESSION, alert, first_revision
from tests.support.orders import start_order

TEMPLATE = Template(embedding_id=uuid4(), recogniser="r@1", vector=encode_vector(bytes(4 * 512)))
POLICY = parse_policy({"phrases": ["psst"], "features": {"speech_transcription": True}}).for_candidate(
    Accommodation(), speech_opt_in=True
)
# As a coordinator sends it: instants have milliseconds.
ORDER = parse(StartSession, start_order(policy=POLICY, templates=(TEMPLATE,)).model_dump_json().encode())
ASSIGNMENT = assignment_of(ORDER)
PAGE = PageId(ASSIGNMENT, uuid4(), uuid4())
SAID = Excerpt(phrases=("psst",), text="psst", duration_s=8.2, clip="A" * 20_000)
SPANS = (
    Span(TraceStep.PICTURE, 10.0, 10.4, None),
    Span(
        TraceStep.LOOK,
        10.1,
        10.2,
        TraceStep.PICTURE,
        "faces 1",
        {"proctor.look": "faces", "n": 1},
        failed="no result",
    ),
)
RAISED = alert(SESSION, 1.0, EventType.FACE_NOT_FOUND, thumbnail=True)
HANDED = HandedOver(
    memory={"course": {"saved_s": 1.5, "verified_utc": None}}, age_s=2.0, open=(RAISED,), over=(uuid4(),)
)
CALLS: list[Call] = [
    Start(ORDER),
    Start(ORDER.model_copy(update={"handed": HANDED})),
    Change(ORDER.model_copy(update={"paused": True})),
    End(ASSIGNMENT),
    End(ASSIGNMENT, handed_over=True),
    Answer(PAGE, "v=0\r\n\u2028"),
    AddCandidate(PAGE, "candidate:1", None, 0),
    ShowCamera(PAGE, Camera(label='"\\ \u00e4', width_px=640.0)),
    Left(PAGE),
    Verify(ASSIGNMENT, None),
    Enroll(ENROLLMENT_GATE),
    Compare(CompareTemplates(probe=(TEMPLATE,), others=(TEMPLATE,))),
    SetLevel(3),
    Report(),
]
REPORTS: list[Any] = [
    Said(
        assignment=ASSIGNMENT,
        alerts=(OutgoingAlert(replace(first_revision(RAISED), excerpt=SAID), envelope_of(ORDER), SPANS),),
        notices=(Notice(ASSIGNMENT, candidate_notice(RAISED, 1) or {}),),
    ),
    Said(assignment=ASSIGNMENT, delivers=PAGE.number, over=True),
    Pulse(
        loop_p95_s=0.01,
        cpu_s=12.5,
        calls=(Measured("faces", 0.1, 0.2, "failed", "ValueError"),),
        looks=(Looked(received_s=0.1, waited_s=0.0, looked_s=0.2, judged_s=0.01),),
    ),
]


@pytest.mark.parametrize("call", CALLS, ids=lambda call: call.kind)
def test_a_call_comes_out_as_it_went_in(call: Call) -> None:
    assert read_call(write_call(call)) == call


def test_every_call_is_tried() -> None:
    assert {type(call) for call in CALLS} == set(Call.__args__)
    assert ANSWERS.keys() <= {call.kind for call in CALLS}


@pytest.mark.parametrize("value", REPORTS, ids=lambda value: type(value).__name__)
def test_a_report_comes_out_as_it_went_in(value: Any) -> None:
    assert read(type(value), written(value)) == value


def test_a_call_without_an_answer_gets_none() -> None:
    assert write_answer(SetLevel(1), None) == b""
    assert read_answer(SetLevel(1), b"") is None
    assert read_answer(Answer(PAGE, ""), write_answer(Answer(PAGE, ""), "v=0")) == "v=0"


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"[]",
        b"null",
        b"[1]",
        b'[{"kind":"shell"}]',
        b'[{"kind":"set-level"}]',
        b'[{"kind":"set-level","level":1,"more":2}]',
        b'[{"kind":"set-level","level":1},{"kind":"report"}]',
        b"\x80\x04N.",  # a pickle
    ],
)
def test_what_is_no_call_is_refused(body: bytes) -> None:
    assert read_call(b'[{"kind":"set-level","level":1}]') == SetLevel(1)
    with pytest.raises(Corrupt):
        read_call(body)


def test_a_report_with_anything_undeclared_is_refused() -> None:
    told = json.loads(written(Said(assignment=ASSIGNMENT)))
    assert read(Said, json.dumps(told).encode()) == Said(assignment=ASSIGNMENT)
    told[0]["assignment"]["more"] = 1
    with pytest.raises(Corrupt):
        read(Said, json.dumps(told).encode())


@pytest.mark.parametrize(
    "error",
    [
        Rejected(
            "no", code="frame-gone", status=410, retry_after_s=3, errors=[{"path": "a", "message": "b"}]
        ),
        Unavailable("away", code="no-node-online", retry_after_s=7),
        Corrupt("bytes"),
        ConfigError("the level"),
        FrameGone(3),
    ],
)
def test_a_refusal_is_the_same_error_on_the_other_side(error: ProctorError) -> None:
    back = error_of(read(SentError, written(refusal_of(error))))
    assert isinstance(error, type(back))
    assert (str(back), vars(back)) == (str(error), vars(error))


def test_of_a_foreign_error_only_its_class_crosses() -> None:
    told = error_of(refusal_of(ValueError("what a candidate wrote")))
    assert isinstance(told, Unavailable)
    assert "ValueError" in str(told)
    assert "candidate" not in str(told)


def test_instants_keep_their_milliseconds() -> None:
    at = datetime(2026, 11, 22, 14, 0, 0, 123_000, UTC)
    order = ORDER.model_copy(update={"expires_utc": at})
    assert read(Start, write_call(Start(order))).order.expires_utc == at

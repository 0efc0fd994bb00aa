"""What is said of a session: to the platform, to the candidate's page, to staff and to its node."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from types import SimpleNamespace
from typing import Any
from uuid import UUID

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from coordinator.candidates.tables import Candidate
from coordinator.config import CoordinatorConfig, WebSection
from coordinator.consents.words import Why
from coordinator.ground.keyring import KeyKind
from coordinator.keys.tables import Key, RetentionClass
from coordinator.nodes.fleet import NodeState
from coordinator.nodes.tables import Assignment
from coordinator.sessions import verifying
from coordinator.sessions.answers import (
    join_response,
    session_out,
    session_token,
    start_response,
    webrtc_config,
    withheld_because,
)
from coordinator.sessions.binding import ASK_VALID, DeviceState, check_number
from coordinator.sessions.changing.telling import differs, said, said_of
from coordinator.sessions.devices import service as devices
from coordinator.sessions.devices.moving import device_out
from coordinator.sessions.expiry import LONGEST
from coordinator.sessions.moving.answers import route_out
from coordinator.sessions.notice import notice_for
from coordinator.sessions.service import Found
from coordinator.sessions.starting.assignment import Facts, NodeView, may_compare, start_session, withheld_of
from coordinator.sessions.sweeping import places
from coordinator.sessions.tables import Device, ExamSession
from coordinator.tokens.key_service import Signer
from shared.consents import Purpose
from shared.errors import Rejected
from shared.ice import IceServer
from shared.messages.faces import FailedCheck, Template, VerifiedFrame
from shared.messages.heartbeats import SessionState
from shared.policy.schema import Policy
from shared.policy.terms import Features
from shared.tokens import Audience, Role, verify
from tests.support.node_answers import FACE, watching

NOW = datetime.now(UTC).replace(microsecond=0)
SECOND = timedelta(seconds=1)
MINE, NODE = UUID(int=1), UUID(int=2)
TENANT, CANDIDATE = UUID(int=3), UUID(int=4)
CAMERA, IDENTITY, SPEECH = (
    Purpose.CAMERA_MONITORING,
    Purpose.IDENTITY_VERIFICATION,
    Purpose.SPEECH_DETECTION,
)
POLICY = Policy(version=7, baseline_s=42, features=Features(audio_monitoring=False))
CONFIG = CoordinatorConfig(data_folder=Path("."), web=WebSection(public_url="https://exams.example"))
SIGNER = Signer("0123456789abcdef", Ed25519PrivateKey.generate())
SERVERS = (
    IceServer(("stun:a.example", "turn:a.example"), username="one", credential="two"),
    IceServer(("stun:b.example",)),
)


def exam_session(**changes: Any) -> ExamSession:
    fields: dict[str, Any] = {
        "id": MINE,
        "tenant_id": TENANT,
        "reference": "SESS-1",
        "candidate_id": CANDIDATE,
        "exam_reference": "EXAM-1",
        "seal_key_id": UUID(int=5),
        "data_key_id": UUID(int=6),
        "enrollment_id": UUID(int=7),
        "policy": POLICY.model_dump(mode="json"),
        "policy_version": 7,
        "device": 3,
        "signaling_url": "ws://node/signal",
        "whip_url": "http://node/whip",
        "details_sealed": b"",
        "started_utc": NOW - timedelta(minutes=10),
        "begins_utc": NOW - timedelta(minutes=5),
        "expires_utc": NOW + timedelta(hours=1),
        "withheld": {CAMERA.value: Why.WITHDRAWN.value, SPEECH.value: Why.NOT_ACKNOWLEDGED.value},
        "unwatched": {"run/1": {"face": 4.0}, "run/2": {"face": 2.5, "sound": 1.0}},
        "paused_utc": NOW - timedelta(minutes=1),
    }
    return ExamSession(**fields | changes)


def found(**changes: Any) -> Found:
    candidate = Candidate(id=CANDIDATE, tenant_id=TENANT, reference="CAND-1", created_utc=NOW)
    own = Assignment(session_id=MINE, epoch=2, tenant_id=TENANT, node_id=NODE, from_utc=NOW)
    return Found(exam_session(**changes), candidate, own)


def test_a_session_is_told_as_it_is_stored() -> None:
    assert session_out(found(), NOW).model_dump() == {
        "session_id": "SESS-1",
        "session_uuid": str(MINE),
        "candidate_id": "CAND-1",
        "exam_id": "EXAM-1",
        "status": "active",
        "started_at": NOW - timedelta(minutes=10),
        "ended_at": None,
        "session_expires_at": NOW + timedelta(hours=1),
        "edge_node": str(NODE),
        "policy_version": 7,
        "paused_at": NOW - timedelta(minutes=1),
        "withdrawn": [CAMERA],
        "not_acknowledged": [SPEECH],
        "unwatched_s": {"face": 6.5, "sound": 1.0},
        "page": None,
    }
    over = session_out(found(ended_utc=NOW, unwatched=None), NOW)
    assert (over.status, over.ended_at, over.unwatched_s) == ("ended", NOW, None)


def test_what_is_withheld_is_told_by_its_reason() -> None:
    both = exam_session(withheld={purpose.value: Why.WITHDRAWN.value for purpose in (SPEECH, CAMERA)})
    assert withheld_because(both, Why.WITHDRAWN) == [CAMERA, SPEECH]
    assert withheld_because(both, Why.NOT_ACKNOWLEDGED) == []


@pytest.mark.parametrize(("by_link", "device"), [(True, 3), (False, None)])
def test_a_sessions_token_is_its_candidates_and_lasts_as_long_as_any_session(
    by_link: bool, device: int | None
) -> None:
    token = session_token(SIGNER, found(), NOW, by_link=by_link)
    for audience in Audience:
        claims = verify(token, SIGNER.key.public_key(), audience=audience)
        assert (claims.subject, claims.role, claims.tenant_id) == ("CAND-1", Role.CANDIDATE, TENANT)
        assert (claims.session_id, claims.device, claims.key_id) == (MINE, device, SIGNER.kid)
        assert (claims.issued_utc, claims.expires_utc) == (NOW, NOW - timedelta(minutes=10) + LONGEST)


def test_the_platform_gets_everything_about_a_start() -> None:
    webrtc = webrtc_config(SERVERS)
    answer = start_response(CONFIG, webrtc, found(), "token", "https://exams.example/join#code")
    assert answer.model_dump(exclude={"webrtc_config"}) == {
        "status": "active",
        "session_id": "SESS-1",
        "session_uuid": str(MINE),
        "websocket_url": "wss://exams.example/ws/SESS-1",
        "calibration_required": True,
        "calibration_duration_seconds": 42.0,
        "session_expires_at": NOW + timedelta(hours=1),
        "signaling_url": "ws://node/signal",
        "whip_url": "http://node/whip",
        "edge_node": str(NODE),
        "session_token": "token",
        "join_url": "https://exams.example/join#code",
        "join_url_expires_at": NOW + timedelta(hours=1),
        "identity": "enrolled",
        "not_acknowledged": [SPEECH],
    }
    assert answer.webrtc_config == webrtc
    unknown = start_response(CONFIG, webrtc, found(enrollment_id=None), "token", "")
    assert unknown.identity == "unavailable"


def test_the_page_gets_everything_that_it_needs() -> None:
    webrtc = webrtc_config(SERVERS)
    answer = join_response(CONFIG, webrtc, found(), "token", "Biology")
    assert answer.model_dump(exclude={"webrtc_config", "notice"}) == {
        "session_id": "SESS-1",
        "session_uuid": str(MINE),
        "candidate_id": "CAND-1",
        "withdrawn": [CAMERA],
        "paused_at": NOW - timedelta(minutes=1),
        "session_token": "token",
        "exam_title": "Biology",
        "signaling_url": "ws://node/signal",
        "websocket_url": "wss://exams.example/ws/SESS-1",
        "session_expires_at": NOW + timedelta(hours=1),
    }
    assert (answer.webrtc_config, answer.notice) == (webrtc, notice_for(POLICY))


def test_a_page_asks_for_what_the_rules_need() -> None:
    told = webrtc_config(SERVERS)
    assert told.video_constraints["frameRate"] == {"ideal": 15, "max": 15}
    # Both of these would remove second voices and typing.
    removing = (told.audio_constraints["noiseSuppression"], told.audio_constraints["autoGainControl"])
    assert removing == (False, False)


@pytest.mark.parametrize("moved", [True, False])
def test_a_page_is_told_where_its_node_is(moved: bool) -> None:
    assert route_out(found(), moved=moved).model_dump() == {
        "session_id": "SESS-1",
        "edge_node": str(NODE),
        "signaling_url": "ws://node/signal",
        "whip_url": "http://node/whip",
        "moved": moved,
    }


TEMPLATE = Template(embedding_id=UUID(int=8), recogniser="test@1", vector="AAAA")
FREE = found(withheld={})


def key(number: int, name: str) -> Key:
    return Key(
        id=UUID(int=number),
        tenant_id=TENANT,
        candidate_id=CANDIDATE,
        kind=KeyKind.SEALING,
        retention_class=RetentionClass.EXAM,
        public_key=name,
        wrapped=b"",
        master_version=1,
        created_utc=NOW,
    )


FACTS = Facts(
    found=FREE,
    policy=POLICY,
    templates=(TEMPLATE,),
    seal_key=key(5, "seal"),
    evidence_key=key(9, "evidence"),
    transcript_key=key(10, "transcript"),
    signer=SIGNER,
    features_key=key(11, "features"),
)


def half(whole: Key) -> str:
    return f"half of {whole.public_key}"


VIEW = NodeView(half, beat=None)


def test_a_node_is_told_everything_about_its_session() -> None:
    logging = replace(FACTS, policy=POLICY.model_copy(update={"feature_log": True}))
    told = start_session(logging, VIEW, NOW).model_dump(exclude={"policy"})
    assert told == {
        "session_id": MINE,
        "tenant_id": TENANT,
        "epoch": 2,
        "exam_session_id": "SESS-1",
        "candidate_id": "CAND-1",
        "exam_id": "EXAM-1",
        "templates": (TEMPLATE.model_dump(),),
        "seal_key_id": UUID(int=5),
        "seal_key": "half of seal",
        "transcript_key_id": UUID(int=10),
        "transcript_key": "half of transcript",
        "evidence_key_id": UUID(int=9),
        "evidence_key": "half of evidence",
        "features_key_id": UUID(int=11),
        "features_key": "half of features",
        "token_key": SIGNER.public_text,
        "expires_utc": NOW + timedelta(hours=1),
        "elapsed_s": 600.0,
        "paused": True,
        "device": 3,
        "withheld": (),
        "handed": None,
        "networks": {},
        "shadow": {},
    }
    assert start_session(FACTS, VIEW, NOW).policy == POLICY


def test_a_node_gets_no_key_that_is_not_there_and_none_that_nobody_asked_for() -> None:
    without = replace(FACTS, evidence_key=None, transcript_key=None)
    told = start_session(without, VIEW, NOW)
    assert (told.evidence_key_id, told.evidence_key) == (None, None)
    assert (told.transcript_key_id, told.transcript_key) == (None, None)
    assert (told.features_key_id, told.features_key) == (None, None)  # the policy logs nothing


def test_a_node_whose_coordinators_clock_is_behind_starts_at_zero() -> None:
    assert start_session(FACTS, VIEW, NOW - timedelta(hours=1)).elapsed_s == 0.0
    resumed = replace(FACTS, found=replace(FREE, session=exam_session(withheld={}, paused_utc=None)))
    assert start_session(resumed, VIEW, NOW).paused is False


@pytest.mark.parametrize(
    ("withheld", "compares"),
    [([], True), ([SPEECH], True), ([CAMERA], False), ([IDENTITY], False), ([SPEECH, IDENTITY], False)],
)
def test_faces_are_compared_only_with_camera_and_identity(withheld: list[Purpose], compares: bool) -> None:
    session = exam_session(withheld={purpose.value: Why.WITHDRAWN.value for purpose in withheld})
    assert may_compare(session) is compares
    assert withheld_of(session) == tuple(sorted(withheld))
    told = start_session(replace(FACTS, found=replace(FREE, session=session)), VIEW, NOW)
    assert (told.templates, told.withheld) == ((TEMPLATE,) if compares else (), tuple(sorted(withheld)))


@pytest.mark.parametrize(
    ("withheld", "paused", "code", "words"),
    [
        ({}, None, None, ""),
        ({SPEECH: Why.WITHDRAWN}, None, None, ""),
        ({}, NOW, "session-paused", "the exam is paused and nothing is watched; try again after the pause"),
        (
            {IDENTITY: Why.NOT_ACKNOWLEDGED, CAMERA: Why.NOT_ACKNOWLEDGED, SPEECH: Why.WITHDRAWN},
            None,
            "acknowledgement-missing",
            "the candidate has not acknowledged camera-monitoring, identity-verification yet; its face is "
            "compared once it has done so on its page",
        ),
        (
            {CAMERA: Why.WITHDRAWN, IDENTITY: Why.NOT_ACKNOWLEDGED},
            None,
            "consent-withdrawn",
            "the candidate has withdrawn its consent to camera-monitoring, identity-verification; its face "
            "is not compared, and nothing is known about who it is. Check that in another way",
        ),
        ({IDENTITY: Why.WITHDRAWN}, NOW, "session-paused", "the exam is paused"),
    ],
)
def test_a_face_is_compared_only_while_that_may_be(
    withheld: dict[Purpose, Why], paused: datetime | None, code: str | None, words: str
) -> None:
    stored = {purpose.value: why.value for purpose, why in withheld.items()}
    session = exam_session(withheld=stored, paused_utc=paused)
    if code is None:
        verifying.check_may_verify(session)
        return
    with pytest.raises(Rejected) as refused:
        verifying.check_may_verify(session)
    assert (refused.value.status, refused.value.code) == (409, code)
    assert str(refused.value).startswith(words)


@pytest.mark.parametrize(
    ("name", "number"),
    [(None, None), ("FRAME-812", 812), ("812", 812), ("FRAME-0", 0), ("9" * 12, int("9" * 12))],
)
def test_a_frame_has_a_number(name: str | None, number: int | None) -> None:
    assert verifying.frame_number(name) == number


@pytest.mark.parametrize("name", ["", "FRAME-", "frame-1", "1 ", "FRAME-FRAME-1", "9" * 13, "1.0"])
def test_what_is_no_frame_is_gone(name: str) -> None:
    with pytest.raises(Rejected, match=r"^no frame of this name is in memory; leave") as refused:
        verifying.frame_number(name)
    assert (refused.value.status, refused.value.code) == (410, "frame-gone")


def test_a_verified_frame_is_told_as_its_node_says() -> None:
    failed = FailedCheck(check="yaw", value=41.0, bound="within ±35°", advice="Face the camera.")
    verified = VerifiedFrame(
        frame_id=812,
        match=False,
        similarity=0.41,
        threshold=0.75,
        embedding_id=UUID(int=8),
        face=FACE,
        failed=(failed,),
        captured_utc=NOW,
    )
    told = verifying.answer(verified, POLICY)
    assert (told.frame_id, told.match, told.similarity_score) == ("FRAME-812", False, 0.41)
    assert (told.threshold_used, told.comparison_embedding_id) == (0.75, str(UUID(int=8)))
    assert [one.model_dump() for one in told.failed] == [failed.model_dump()]
    assert (told.timestamp, told.face_quality.pose_deviation) == (NOW, 5.4)
    assert (
        verifying.answer(verified.model_copy(update={"embedding_id": None}), POLICY).comparison_embedding_id
        is None
    )


SAME: dict[str, Any] = {
    "policy_version": 7,
    "paused": True,
    "expires_utc": NOW + timedelta(hours=1),
    "device": 3,
    "withheld": (CAMERA, SPEECH),
}


@pytest.mark.parametrize(
    ("change", "expected"),
    [
        ({}, False),
        ({"policy_version": 6}, True),
        ({"paused": False}, True),
        ({"expires_utc": NOW + timedelta(hours=1) + SECOND}, False),  # rounding
        ({"expires_utc": NOW + timedelta(hours=1) + 1.1 * SECOND}, True),
        ({"expires_utc": NOW + timedelta(hours=1) - 1.1 * SECOND}, True),
        ({"expires_utc": None}, False),
        ({"device": 2}, True),
        ({"device": None}, False),
        ({"withheld": (CAMERA,)}, True),
        ({"withheld": (SPEECH, CAMERA)}, False),
        ({"withheld": None}, False),
        ({"withheld": (CAMERA,), "policy_version": 6}, True),
    ],
)
def test_a_node_that_missed_a_change_differs(change: dict[str, Any], expected: bool) -> None:
    assert differs(exam_session(), watching(MINE, **SAME | change)) is expected


def test_a_session_that_is_not_paused_differs_from_one_that_is() -> None:
    assert differs(exam_session(paused_utc=None), watching(MINE, **SAME))
    assert not differs(exam_session(paused_utc=None), watching(MINE, **SAME | {"paused": False}))


def heard(node_id: UUID, *states: SessionState) -> NodeState:
    """What a heartbeat says of sessions."""
    beat: Any = SimpleNamespace(node_id=node_id, sessions=states)
    return NodeState(beat, 0.0, NOW)


def test_a_state_counts_for_the_assignment_that_it_is_of() -> None:
    other = UUID(int=12)
    silent = watching(UUID(int=13))  # an older node, which says nothing of its settings
    own, former = watching(MINE, epoch=2, **SAME), watching(MINE, epoch=1, **SAME)
    nodes = [heard(NODE, own, silent), heard(other, former)]
    states = said(nodes)
    assert states == {(NODE, MINE): own, (other, MINE): former}
    assert said_of(found().assignment, states) == own
    assert said_of(found().assignment, {(NODE, MINE): former}) is None
    assert said_of(found().assignment, {(other, MINE): own}) is None
    assert places(nodes) == {(NODE, MINE): 2, (NODE, silent.session_id): 1, (other, MINE): 1}


DEVICE: dict[str, Any] = {
    "id": UUID(int=14),
    "tenant_id": TENANT,
    "session_id": MINE,
    "key": "a key",
    "challenge": "a challenge",
    "state": DeviceState.ASKED,
    "asked_utc": NOW,
}


@pytest.mark.parametrize(
    ("change", "later", "state", "until"),
    [
        ({}, timedelta(0), "asked", NOW + ASK_VALID),
        ({}, ASK_VALID, "asked", None),
        ({"asked_utc": None}, timedelta(0), "asked", None),
        ({"state": DeviceState.BOUND, "bound_utc": NOW, "approved_by": "ann"}, timedelta(0), "bound", None),
        ({"state": DeviceState.ENDED, "bound_utc": NOW, "ended_utc": NOW}, timedelta(0), "ended", None),
    ],
)
def test_a_device_is_told_to_staff_with_the_time_that_is_left_to_approve_it(
    change: dict[str, Any], later: timedelta, state: str, until: datetime | None
) -> None:
    row = DEVICE | change
    assert device_out(Device(**row), NOW + later).model_dump() == {
        "device_id": str(UUID(int=14)),
        "state": state,
        "check_number": check_number("a key"),
        "asked_at": row["asked_utc"],
        "ask_expires_at": until,
        "bound_at": row.get("bound_utc"),
        "ended_at": row.get("ended_utc"),
        "approved_by": row.get("approved_by"),
    }


@pytest.mark.parametrize(
    ("state", "binds", "number", "challenge"),
    [
        (None, True, 0, "first"),
        (None, False, 0, None),
        (DeviceState.BOUND, True, 1, "a challenge"),
        (DeviceState.BOUND, False, 1, None),
        (DeviceState.ASKED, True, 1, None),
        (DeviceState.ENDED, True, 2, None),
    ],
)
def test_a_device_signs_a_challenge_where_it_may_open_the_session(
    state: DeviceState | None, binds: bool, number: int, challenge: str | None
) -> None:
    device = None if state is None else Device(**DEVICE | {"state": state})
    policy = Policy(device_binding=binds).model_dump(mode="json")
    found = devices.access(exam_session(policy=policy, device=number), device, NOW)
    assert devices.challenge(found, device) == challenge

"""A node whose program is older than the coordinator reads what it is told: nodes are upgraded last."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any, cast
from uuid import UUID, uuid4

import pytest
from pydantic import BaseModel, JsonValue

from coordinator.nodes import asking
from coordinator.nodes.commands import Command, Commander
from shared.errors import Rejected, Unavailable
from shared.events.types import EventType
from shared.messages.message import parse
from shared.messages.sessions import EndSession, HandedOver, SessionAccepted, SessionEnded, StartSession
from shared.policy.rules import EventRule
from shared.policy.schema import Policy
from shared.policy.terms import Accommodation, Features, Fusion, Gate, Relaxation, Retention, Term

NODE, SESSION = UUID(int=1), UUID(int=2)

_START = """
    session_id tenant_id epoch exam_session_id candidate_id exam_id policy templates seal_key_id seal_key
    transcript_key_id transcript_key evidence_key_id evidence_key token_key expires_utc elapsed_s paused
    device withheld
"""
_POLICY = """
    version features rules sensitivity min_face_px mismatch_checks match_checks liveness_checks gaze_zone
    gaze_aggregate_s distraction movement speech_pause_s muttering sounds phrases fusion cadences_hz
    lowest_level blocked_luma_variance baseline_s max_gap_s enrollment_gate verification_gate
    without_acknowledgement device_binding candidate
"""
BEFORE_HAND_OVER = frozenset(_START.split())
"""What a node knew of a `start` before sessions went from one node to another, …"""
POLICY_BEFORE_RETENTION = frozenset(_POLICY.split())
"""… of a policy before it said how long data is kept, …"""
END_BEFORE_HAND_OVER = frozenset({"session_id", "submitted"})
"""… and of an `end`."""

CHANGED = Policy(
    version=7,
    features=Features(speech_transcription=True),
    rules={
        EventType.GAZE_OFF_SCREEN: EventRule(hold_s=0.0, threshold=None, enabled=False),
        EventType.FACE_NOT_FOUND: EventRule(hold_s=9.0, severity=0.2),
    },
    verification_gate=Gate(),
    fusion=Fusion(
        terms=(
            Term(event=EventType.FACE_MISMATCH, more_than_checks=3),
            Term(event=EventType.VOICE_DETECTED),
        )
    ),
    phrases=("the answer is",),
).for_candidate(
    Accommodation(relaxed={EventType.FACE_NOT_FOUND: Relaxation(hold_factor=2)}), speech_opt_in=True
)


class OlderNode:
    """Stands in for the commander: a node that refuses a body with a field that it does not know."""

    def __init__(self, known: frozenset[str], answer: Callable[[], Any]) -> None:
        self._known = known
        self._answer = answer
        self.bodies: list[dict[str, Any]] = []
        self.obeyed: list[bytes] = []

    async def send(self, node_id: UUID, command: Command) -> bytes:
        body = json.loads(command.body)
        self.bodies.append(body)
        policy = body.get("policy", {}).keys()
        if not (body.keys() <= self._known and policy <= POLICY_BEFORE_RETENTION):
            raise Rejected("not a StartSession: wrong at …", code="command-malformed", status=422)
        self.obeyed.append(command.body)
        answer: bytes = self._answer().model_dump_json().encode()
        return answer


def start_of(policy: Policy, **about: Any) -> StartSession:
    order = StartSession(
        session_id=SESSION,
        tenant_id=uuid4(),
        epoch=2,
        exam_session_id="SESS-1",
        candidate_id="CAND-1",
        exam_id="EXAM-1",
        policy=policy,
        templates=(),
        seal_key_id=uuid4(),
        seal_key="x25519:seal",
        token_key="ed25519:token",
        expires_utc=datetime(2026, 11, 30, 15, tzinfo=UTC),
    )
    return order.model_copy(update=about)


def taking() -> OlderNode:
    accepted = SessionAccepted(session_id=SESSION, signaling_url="ws://node", whip_url="http://node")
    return OlderNode(BEFORE_HAND_OVER, lambda: accepted)


def ending() -> OlderNode:
    return OlderNode(END_BEFORE_HAND_OVER, lambda: SessionEnded(session_id=SESSION, was_running=True))


def commander(node: OlderNode) -> Commander:
    return cast(Commander, node)


@pytest.mark.parametrize("policy", [Policy(), CHANGED])
@pytest.mark.parametrize("kept", [Retention(), Retention(templates_days=5)])
@pytest.mark.parametrize("about", [{}, {"paused": True, "device": 3, "elapsed_s": 4.5}])
def test_an_older_node_starts_a_session_under_its_whole_policy(
    policy: Policy, kept: Retention, about: dict[str, Any]
) -> None:
    node = taking()
    order = start_of(policy.model_copy(update={"retention": kept}), **about)
    asyncio.run(asking.start(commander(node), NODE, order))
    [body] = node.obeyed
    assert parse(StartSession, body) == order.model_copy(update={"policy": policy})


def test_an_older_node_takes_a_change() -> None:
    node = taking()
    with pytest.raises(Unavailable):  # the stand-in answers otherwise than to a change
        asyncio.run(asking.change(commander(node), NODE, start_of(CHANGED)))
    assert len(node.obeyed) == 1


def test_an_older_node_starts_a_session_anew_that_comes_from_another_one() -> None:
    node = taking()
    memory: dict[str, JsonValue] = {"version": 7}
    order = start_of(Policy(), handed=HandedOver(memory=memory))
    accepted = asyncio.run(asking.start(commander(node), NODE, order))
    assert accepted.signaling_url == "ws://node"
    assert [body.get("handed") for body in node.bodies] == [{"memory": memory}, None]


def test_a_node_that_knows_what_is_handed_over_gets_it_once() -> None:
    node = taking()
    node._known |= {"handed"}
    order = start_of(Policy(), handed=HandedOver(over=(uuid4(),), paused=True))
    asyncio.run(asking.start(commander(node), NODE, order))
    [body] = node.obeyed
    assert parse(StartSession, body) == order


def test_a_start_that_cannot_be_read_for_another_reason_is_sent_once() -> None:
    node = taking()
    node._known -= {"paused"}
    with pytest.raises(Rejected):
        asyncio.run(asking.start(commander(node), NODE, start_of(Policy(), paused=True)))
    assert len(node.bodies) == 1


@pytest.mark.parametrize("submitted", [True, False])
def test_an_older_node_ends_a_session(submitted: bool) -> None:
    node = ending()
    order = EndSession(session_id=SESSION, submitted=submitted)
    assert asyncio.run(asking.end(commander(node), NODE, order)).was_running
    assert len(node.bodies) == 1
    assert parse(EndSession, node.obeyed[0]) == order


def test_an_older_node_ends_a_session_that_has_gone_to_another_one() -> None:
    node = ending()
    order = EndSession(session_id=SESSION, submitted=False, epoch=1, handed_over=True)
    assert asyncio.run(asking.end(commander(node), NODE, order)).was_running
    assert parse(EndSession, node.obeyed[0]) == EndSession(session_id=SESSION, submitted=False)


@pytest.mark.parametrize(
    ("kind", "known"),
    [
        (StartSession, BEFORE_HAND_OVER),
        (Policy, POLICY_BEFORE_RETENTION),
        (EndSession, END_BEFORE_HAND_OVER),
    ],
)
def test_what_is_new_has_a_default(kind: type[BaseModel], known: frozenset[str]) -> None:
    fields = kind.model_fields
    assert known <= fields.keys()
    assert [name for name, field in fields.items() if name not in known and field.is_required()] == []


@pytest.mark.parametrize("handed", [None, HandedOver(memory={"version": 7})])
def test_a_node_that_does_not_know_the_log_of_features_watches_without_it(handed: HandedOver | None) -> None:
    """Whether an exam logs is no node's business; the key for it is what an older one refuses."""
    node = taking()
    order = start_of(
        Policy(feature_log=True), features_key_id=uuid4(), features_key="x25519:log", handed=handed
    )
    asyncio.run(asking.start(commander(node), NODE, order))
    [body] = node.obeyed
    without = {"features_key": None, "features_key_id": None, "handed": None, "policy": Policy()}
    assert parse(StartSession, body) == order.model_copy(update=without)
    node = taking()
    with pytest.raises(Unavailable):  # the stand-in answers otherwise than to a change
        asyncio.run(asking.change(commander(node), NODE, order.model_copy(update={"handed": None})))
    assert len(node.obeyed) == 1

"""A session's state as it leaves its node: sealed, small enough, and with no picture that may not leave."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import Any

import pytest

from edge.outbound.state_message import seal_state
from shared.consents import Purpose
from shared.errors import Corrupt
from shared.messages.message import parse
from shared.messages.sessions import StartSession
from shared.messages.states import MAX_STATE_BYTES, StateHeader
from shared.sealing import new_sealing_key, open_body, unpack, verify
from tests.support.alerts import new_identity
from tests.support.orders import start_order

EXAM_KEY = new_sealing_key()
NODE = new_identity()
ORDER = start_order(exam_key=EXAM_KEY)


def memory(*, picture: str = "cGljdHVyZQ==", rules: str = "") -> dict[str, Any]:
    return {"version": 7, "watch": {"kept": {"PHONE_VISIBLE": {"jpeg": picture}}, "rules": rules}}


def left(order: StartSession, state: dict[str, Any]) -> dict[str, Any]:
    """What the coordinator reads."""
    message = seal_state(order, json.dumps(state).encode(), datetime.now(UTC), NODE)
    read: dict[str, Any] = json.loads(open_body(unpack(message), EXAM_KEY))
    return read


def bare(state: dict[str, Any]) -> dict[str, Any]:
    return state | {"watch": state["watch"] | {"kept": {}}}


def test_a_state_leaves_with_its_pictures() -> None:
    assert left(ORDER, memory()) == memory()


def test_without_an_evidence_key_no_picture_leaves() -> None:
    order = ORDER.model_copy(update={"evidence_key_id": None, "evidence_key": None})
    assert left(order, memory()) == bare(memory())
    before_a_page = {"version": 7, "watch": None}
    assert left(order, before_a_page) == before_a_page


def test_the_header_names_the_node_and_the_order_under_which_it_was_saved() -> None:
    withheld = (Purpose.IDENTITY_VERIFICATION,)
    order = ORDER.model_copy(update={"epoch": 4, "paused": True, "withheld": withheld})
    saved_utc = datetime(2026, 11, 22, 14, tzinfo=UTC)
    parcel = unpack(seal_state(order, json.dumps(memory()).encode(), saved_utc, NODE))
    verify(parcel, NODE.signing.public_key())
    assert parse(StateHeader, parcel.header) == StateHeader(
        session_id=order.session_id,
        tenant_id=order.tenant_id,
        node_id=NODE.node_id,
        epoch=4,
        key_id=order.seal_key_id,
        saved_utc=saved_utc,
        policy_version=order.policy.version,
        paused=True,
        withheld=withheld,
    )


@pytest.mark.parametrize(("size_bytes", "pictures"), [(MAX_STATE_BYTES, True), (MAX_STATE_BYTES + 1, False)])
def test_a_state_keeps_its_pictures_up_to_the_bound(size_bytes: int, pictures: bool) -> None:
    spare = size_bytes - len(json.dumps(memory()))
    state = memory(rules="A" * spare)
    assert len(json.dumps(state)) == size_bytes
    assert left(ORDER, state) == (state if pictures else bare(state))


def test_one_that_leaves_its_pictures_behind_is_told_with_its_session(
    caplog: pytest.LogCaptureFixture,
) -> None:
    left(ORDER, memory())
    left(ORDER, memory(picture="A" * MAX_STATE_BYTES))
    [told] = caplog.records
    assert getattr(told, "session_id", None) == str(ORDER.session_id)


def test_one_that_is_too_large_leaves_its_pictures_behind() -> None:
    large = memory(picture="A" * MAX_STATE_BYTES)
    assert left(ORDER, large) == bare(large)


def test_one_that_is_too_large_without_pictures_does_not_leave() -> None:
    with pytest.raises(Corrupt, match="exceeds"):
        left(ORDER, memory(rules="A" * MAX_STATE_BYTES))

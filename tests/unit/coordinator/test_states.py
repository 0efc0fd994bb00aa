"""A session's state is taken only from the node and assignment that it must be of, and its age is known."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from coordinator.nodes.assignments import Held
from coordinator.nodes.states import Whose, age_s, correction_s, read_state
from shared.errors import Corrupt
from shared.messages.states import StateHeader
from shared.sealing import new_sealing_key, open_body, pack

NOW = datetime(2026, 11, 22, 12, tzinfo=UTC)
NODE, SESSION, TENANT, KEY_ID = (UUID(int=number) for number in (1, 2, 3, 4))
SIGNING, SEALING = Ed25519PrivateKey.generate(), new_sealing_key()


def held(**changes: Any) -> Held:
    about: dict[str, Any] = {"epoch": 3, "node_id": NODE, "from_utc": NOW, "to_utc": None}
    return Held(**{**about, **changes})


def whose(**changes: Any) -> Whose:
    about: dict[str, Any] = {"tenant_id": TENANT, "session_id": SESSION, "key_id": KEY_ID, "held": held()}
    return Whose(**{**about, **changes})


def message(signing: Ed25519PrivateKey = SIGNING, **changes: Any) -> bytes:
    about: dict[str, Any] = {
        "session_id": SESSION,
        "tenant_id": TENANT,
        "node_id": NODE,
        "epoch": 3,
        "key_id": KEY_ID,
        "saved_utc": NOW,
        "policy_version": 1,
        "paused": False,
    }
    header = StateHeader(**{**about, **changes}).model_dump(mode="json")
    return pack(header, b"{}", signing, seal_to=SEALING.public_key())


def test_the_state_of_the_assignment_is_taken() -> None:
    saved = read_state(message(), NOW, SIGNING.public_key(), whose())
    assert saved.header.epoch == 3
    assert open_body(saved.parcel, SEALING) == b"{}"


@pytest.mark.parametrize(
    "changes",
    [
        {"session_id": UUID(int=9)},
        {"tenant_id": UUID(int=9)},
        {"node_id": UUID(int=9)},
        {"key_id": UUID(int=9)},
        {"epoch": 2},
        {"epoch": 4},
    ],
)
def test_a_state_of_anything_else_is_refused(changes: dict[str, Any]) -> None:
    with pytest.raises(Corrupt, match="another session"):
        read_state(message(**changes), NOW, SIGNING.public_key(), whose())


def test_a_state_that_another_node_has_signed_is_refused() -> None:
    forged = message(Ed25519PrivateKey.generate())
    with pytest.raises(Corrupt, match="signature"):
        read_state(forged, NOW, SIGNING.public_key(), whose())


@pytest.mark.parametrize(("late_s", "taken"), [(-10, True), (24.9, True), (25.1, False), (60, False)])
def test_a_former_node_is_asked_while_others_fail_to_go_on_and_not_later(late_s: float, taken: bool) -> None:
    over = whose(held=held(to_utc=NOW))
    stored_utc = NOW + timedelta(seconds=late_s)
    if taken:
        read_state(message(), stored_utc, SIGNING.public_key(), over)
        return
    with pytest.raises(Corrupt, match="after the end"):
        read_state(message(), stored_utc, SIGNING.public_key(), over)


@pytest.mark.parametrize(
    ("saved_s", "stored_s", "ahead_s", "age"),
    [
        (-5, -4, None, 4),  # nothing is known of its clock: since it reached the hub
        (-5, -4, 0.0, 5),
        (15, -4, 20.0, 5),  # its clock is 20 s fast
        (-25, -4, -20.0, 5),
        (15, -4, 0.0, 4),  # never younger than its arrival
        (5, 1, None, 0),  # the hub's clock is a little fast
    ],
)
def test_the_age_of_a_state(saved_s: float, stored_s: float, ahead_s: float | None, age: float) -> None:
    saved_utc, stored_utc = (NOW + timedelta(seconds=one) for one in (saved_s, stored_s))
    assert age_s(saved_utc, stored_utc, NOW, ahead_s) == pytest.approx(age)


@pytest.mark.parametrize(("ahead_s", "by_s"), [(None, 0), (1.9, 0), (-1.9, 0), (2.1, 2.1), (-20.0, -20.0)])
def test_times_are_corrected_only_where_a_clock_was_wrong(ahead_s: float | None, by_s: float) -> None:
    assert correction_s(ahead_s) == by_s

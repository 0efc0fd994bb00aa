"""Checks a session's state from the hub: whose it is, and how old. Pure."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final
from uuid import UUID

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

from coordinator.nodes.assignments import Held
from shared.errors import Corrupt
from shared.messages.message import parse
from shared.messages.states import StateHeader
from shared.sealing import Parcel, unpack, verify

SETTLES_WITHIN: Final = timedelta(seconds=25)
"""A state that reached the hub later than this after the end of its assignment is not taken. A former node
that is well goes on while two others do not answer; what they have told by then is handed over beside its
state (`sessions.starting.handing`). The hub's clock may differ, too."""
NEGLIGIBLE_S: Final = 2.0
"""A clock that differs by less counts as right."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Whose:
    """The assignment that a state must be of."""

    tenant_id: UUID
    session_id: UUID
    key_id: UUID
    held: Held


@dataclass(frozen=True, slots=True)
class Saved:
    """A state that is authentic; its body is still sealed."""

    header: StateHeader
    parcel: Parcel


def read_state(message: bytes, stored_utc: datetime, signer: Ed25519PublicKey, whose: Whose) -> Saved:
    """Check a state. `stored_utc`: when it reached the hub. Raises `Corrupt` if it is not this assignment's,
    or was sent after the assignment's end."""
    parcel = unpack(message)
    verify(parcel, signer)
    header = parse(StateHeader, parcel.header)
    found = (header.tenant_id, header.session_id, header.key_id, header.node_id, header.epoch)
    held = whose.held
    if found != (whose.tenant_id, whose.session_id, whose.key_id, held.node_id, held.epoch):
        raise Corrupt("the state is of another session, node or assignment")
    if held.to_utc is not None and stored_utc > held.to_utc + SETTLES_WITHIN:
        raise Corrupt("the state was saved after the end of its assignment")
    return Saved(header, parcel)


def age_s(saved_utc: datetime, stored_utc: datetime, now_utc: datetime, ahead_s: float | None) -> float:
    """How long ago a state was saved. `ahead_s`: how far its node's clock was ahead; None: unknown, then it
    counts from its arrival at the hub."""
    least_s = (now_utc - stored_utc).total_seconds()
    if ahead_s is None:
        return max(0.0, least_s)
    return max(0.0, least_s, (now_utc - saved_utc).total_seconds() + ahead_s)


def correction_s(ahead_s: float | None) -> float:
    """By how much the times of a node were too late; 0 if its clock was right, or nothing is known of it."""
    return 0.0 if ahead_s is None or abs(ahead_s) < NEGLIGIBLE_S else ahead_s

"""Gathers what a node must know to go on with a session that was watched before.

That is the last state that a node has sent, if it is one of this session's and of an assignment that is
recorded here, and the alerts that were told since. Without a state the session starts anew.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from sqlmodel import Session

from coordinator.alerts.stored import Stored
from coordinator.keys import service as keys
from coordinator.keys.tables import Key
from coordinator.nodes import assignments_service as assignments
from coordinator.nodes.assignments import Held
from coordinator.nodes.states import Saved, Whose, age_s, correction_s, read_state
from coordinator.sessions.service import Found
from coordinator.sessions.starting import told_service as told
from coordinator.sessions.tables import ExamSession
from coordinator.web_api.parts import Parts
from shared.canonical import parse_json
from shared.errors import Corrupt, Rejected, Unavailable
from shared.messages.sessions import MAX_TOLD_OPEN, MAX_TOLD_OVER, HandedOver
from shared.sealing import open_body

log = logging.getLogger(__name__)

LAST_ASSIGNMENTS: Final = 3
"""So many are asked for a state: a node that had the session for a moment may have sent none."""
BEFORE_STATE: Final = timedelta(seconds=30)
"""Alerts that arrived up to this long before a state are named too: clocks and messages differ, and a state
may be younger than its assignment, by `nodes.states.SETTLES_WITHIN`."""
MAX_ALERTS_BYTES: Final = 100_000
"""Of all open alerts in one message."""


@dataclass(frozen=True, slots=True)
class _Known:
    """A state that was found, opened."""

    saved: Saved
    memory: dict[str, object]
    stored_utc: datetime


async def handed(parts: Parts, found: Found, now_utc: datetime) -> HandedOver | None:
    """What the session's present node gets of the ones before, or of its own former run; None: nothing is
    known. Never raises `Unavailable` for the hub's sake."""
    session = found.session

    def read(db: Session) -> tuple[Key, list[Held]]:
        held = assignments.held(db, [session.id]).get(session.id, [])
        return keys.get(db, session.tenant_id, session.seal_key_id), held

    key, held = await parts.reading(read)
    known = await _known(parts, session, key, held)
    since_utc = now_utc - BEFORE_STATE if known is None else known.stored_utc - BEFORE_STATE
    since = await parts.reading(lambda db: told.told(db, parts.keys.keyring, session, since_utc))
    if known is None and not since:
        return None
    open_ones = _few([one for one in since if one.alert.cleared is None])
    over = [one.alert.event_id for one in since if one.alert.cleared is not None][-MAX_TOLD_OVER:]
    given = HandedOver(open=tuple(one.alert for one in open_ones), over=tuple(over))
    return given if known is None else given.model_copy(update=_of(parts, known, now_utc))


def _of(parts: Parts, known: _Known, now_utc: datetime) -> dict[str, object]:
    header = known.saved.header
    ahead_s = parts.fleet.last_skew_s(header.node_id)
    return {
        "memory": known.memory,
        "age_s": age_s(header.saved_utc, known.stored_utc, now_utc, ahead_s),
        "ahead_s": correction_s(ahead_s),
        "policy_version": header.policy_version,
        "paused": header.paused,
        "withheld": header.withheld,
    }


async def _known(parts: Parts, session: ExamSession, key: Key, held: Sequence[Held]) -> _Known | None:
    for one in sorted(held, key=lambda each: -each.epoch)[:LAST_ASSIGNMENTS]:
        whose = Whose(
            tenant_id=session.tenant_id, session_id=session.id, key_id=session.seal_key_id, held=one
        )
        try:
            found = await _opened(parts, key, whose)
        except Unavailable as error:
            log.warning("the hub's states cannot be read", extra={"error": str(error)})
            return None
        except (Corrupt, Rejected) as error:
            extra = {"session_id": str(session.id), "node_id": str(one.node_id), "error": str(error)}
            log.warning("a session's state is refused", extra=extra)
            continue
        if found is not None:
            return found
    return None


async def _opened(parts: Parts, key: Key, whose: Whose) -> _Known | None:
    """The last state of an assignment; None: there is none. Raises `Corrupt`, `Rejected`, `Unavailable`."""
    last = await parts.state_stream.last(whose.held.node_id, whose.session_id)
    signer = parts.signers.get(whose.held.node_id)
    if last is None or signer is None:
        return None
    saved = read_state(last.message, last.stored_utc, signer, whose)
    private = parts.keys.keyring.open_private(key)
    body = await asyncio.to_thread(open_body, saved.parcel, private)
    memory = parse_json(body)
    if not isinstance(memory, dict):
        raise Corrupt("the state is no object")
    return _Known(saved, memory, min(last.stored_utc, parts.utc_now()))  # the hub's clock may be fast


def _few(told: Sequence[Stored]) -> list[Stored]:
    """As many of the newest as fit into a message."""
    few: list[Stored] = []
    left_bytes = MAX_ALERTS_BYTES
    for one in reversed(told[-MAX_TOLD_OPEN:]):
        left_bytes -= len(one.alert.model_dump_json())
        if left_bytes >= 0:
            few.append(one)
    return few[::-1]

"""Signs and seals a session's state."""

from __future__ import annotations

import json
import logging
from datetime import datetime

from edge.node_identity import Identity
from shared.errors import Corrupt
from shared.messages.sessions import StartSession
from shared.messages.states import MAX_STATE_BYTES, StateHeader
from shared.sealing import pack, parse_sealing_public

log = logging.getLogger(__name__)


def seal_state(order: StartSession, memory: bytes, saved_utc: datetime, node: Identity) -> bytes:
    """The message of a session's state, saved under this order. Without an evidence key no picture leaves.

    Raises `Corrupt` if it is too large even without its pictures.
    """
    if order.evidence_key is None:
        memory = _without_pictures(memory)
    elif len(memory) > MAX_STATE_BYTES:
        memory = _without_pictures(memory)
        log.warning("a session's state is too large, so its pictures stay here", extra=_named(order))
    if len(memory) > MAX_STATE_BYTES:
        raise Corrupt(f"a state of {len(memory)} bytes exceeds {MAX_STATE_BYTES}")
    header = StateHeader(
        session_id=order.session_id,
        tenant_id=order.tenant_id,
        node_id=node.node_id,
        epoch=order.epoch,
        key_id=order.seal_key_id,
        saved_utc=saved_utc,
        policy_version=order.policy.version,
        paused=order.paused,
        withheld=order.withheld,
    )
    seal_to = parse_sealing_public(order.seal_key)
    return pack(header.model_dump(mode="json"), memory, node.signing, seal_to=seal_to)


def _without_pictures(memory: bytes) -> bytes:
    saved = json.loads(memory)
    if isinstance(saved.get("watch"), dict):
        saved["watch"]["kept"] = {}
    return json.dumps(saved, separators=(",", ":")).encode()


def _named(order: StartSession) -> dict[str, str]:
    return {"session_id": str(order.session_id)}

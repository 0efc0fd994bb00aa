"""Starts a running session again on its node, from the stored data, after a restart of the node.

The same assignment is sent with the same epoch, so a node that still has the session answers as before. One
that has lost it goes on from the last state that it has sent.
"""

from __future__ import annotations

import logging
from datetime import UTC, datetime

from coordinator.nodes import asking
from coordinator.sessions import service as sessions
from coordinator.sessions.service import Found
from coordinator.sessions.starting.assignment import start_session, stored_facts
from coordinator.sessions.starting.handing import handed
from coordinator.web_api.parts import Parts
from shared.errors import ProctorError

log = logging.getLogger(__name__)


async def resume(parts: Parts, found: Found) -> bool:
    """Send `start` again; False if that failed, the next round repeats it."""
    node_id = found.assignment.node_id
    places = {"node_id": node_id, "session_id": found.session.id}
    try:
        now_utc = datetime.now(UTC)
        facts = await parts.reading(lambda db: stored_facts(db, parts.keys, found))
        known = await handed(parts, found, now_utc)
        order = start_session(facts, now_utc).model_copy(update={"handed": known})
        accepted = await asking.start(parts.commander, node_id, order)
        if accepted.signaling_url != found.session.signaling_url:
            # The coordinator that moved the session here did not come to note the address.
            await parts.writing(lambda db: sessions.note_address(db, found, accepted, now_utc))
    except ProctorError as error:
        log.warning("a session could not be started again", extra=places | {"error": type(error).__name__})
        return False
    log.info("a node has started a session again", extra=places)
    return True

"""Starts a running session again on its node, from the stored data, after a restart of the node.

The same assignment is sent with the same epoch, so a node that still has the session answers as before.
"""

from __future__ import annotations

import logging
from datetime import UTC, datetime

from coordinator.nodes import asking
from coordinator.sessions.service import Found
from coordinator.sessions.starting.assignment import start_session, stored_facts
from coordinator.web_api.parts import Parts
from shared.errors import ProctorError

log = logging.getLogger(__name__)


async def resume(parts: Parts, found: Found) -> bool:
    """Send `start` again; False if that failed, the next round repeats it."""
    node_id = found.assignment.node_id
    places = {"node_id": node_id, "session_id": found.session.id}
    try:
        facts = await parts.reading(lambda db: stored_facts(db, parts.keys, found))
        await asking.start(parts.commander, node_id, start_session(facts, datetime.now(UTC)))
    except ProctorError as error:
        log.warning("a session could not be started again", extra=places | {"error": type(error).__name__})
        return False
    log.info("a node has started a session again", extra=places)
    return True

"""Judges parked messages again because an operator asks for it."""

from __future__ import annotations

import asyncio
from collections import Counter

from coordinator.arriving.intake import AlertStore
from coordinator.arriving.parked_service import Place
from coordinator.arriving.portion import Portion
from coordinator.arriving.treated import Treatment
from coordinator.web_api.parts import Parts
from shared.api.nodes import ReplayOut


def store_of(parts: Parts) -> AlertStore:
    """The store of a running coordinator."""
    return AlertStore(
        parts.database,
        parts.keys.keyring,
        parts.signers,
        lambda node_id: parts.fleet.skew_s(node_id, parts.clock()),
    )


async def replay(parts: Parts) -> ReplayOut:
    """Judge every parked message once, in portions. Alerts that are stored now are told like new ones."""
    store, counts = store_of(parts), Counter[Treatment]()
    after: Place | None = None
    portion = Portion()
    while done := await asyncio.to_thread(store.judge_parked, after, portion.size, parts.utc_now()):
        after, portion = done.last, portion.after(portion.size, done.took_s)
        counts.update(one.treatment for one in done.treated)
        for stored in (one.stored for one in done.treated if one.stored is not None):
            parts.rooms.tell(stored.session_id, stored.shown, stored.revision)
    known = counts[Treatment.STORED] + counts[Treatment.REPEATED]
    refused = counts[Treatment.REFUSED]
    return ReplayOut(stored=known, refused=refused, parked=counts.total() - known - refused)

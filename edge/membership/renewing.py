"""Renews the node's certificate and hub JWT in time, with the node's own key.

The new JWT counts from the next connection to the hub on; the hub ends the connection when the old one ends.
Sessions go on all the while, also without any of them: alerts wait in the outbox.
"""

from __future__ import annotations

import asyncio
import logging
from contextlib import suppress
from datetime import UTC, datetime
from pathlib import Path
from typing import Final

from edge.membership.asking import accepted_authorities, check_membership, renew_request
from edge.membership.calls import Coordinator
from edge.membership.files import Membership, load, save
from edge.membership.joining import new_keys
from edge.node_identity import Identity
from shared.authorities import authorities_text
from shared.certificates import lifetime_of, read_certificate
from shared.errors import ProctorError
from shared.node_lifetimes import Lifetime, renew_at

log = logging.getLogger(__name__)

LONGEST_SLEEP_S: Final = 60.0
"""The clock may be set in between."""


def renew(url: str, data_folder: Path, identity: Identity) -> Lifetime:
    """Get the next certificate and hub JWT, and keep them. Returns how long they are good.

    Raises `Rejected` if the coordinator refuses, `Unavailable` if it is away.
    """
    known, keys = load(data_folder).authorities, new_keys()
    with Coordinator(url, authorities_text(known)) as coordinator:
        given = coordinator.renew(renew_request(identity.node_id, identity.signing, keys))
    authorities = accepted_authorities(given, known)
    check_membership(given, authorities, keys, identity.node_id, datetime.now(UTC))
    certificate = read_certificate(given.certificate)
    membership = Membership(
        authorities=authorities, certificate=certificate, keys=keys, hub_jwt=given.hub_jwt
    )
    save(data_folder, membership)
    return lifetime_of(certificate)


async def run(
    url: str, data_folder: Path, identity: Identity, turned_away: asyncio.Event | None = None
) -> None:
    """Renew again and again, after two thirds of each lifetime; after a failure sooner.

    Also at once when `turned_away` is set, because the hub does not let the node in.
    """
    failures, lifetime = 0, lifetime_of(load(data_folder).certificate)
    renewed_utc: datetime | None = None
    refused = turned_away or asyncio.Event()
    while True:
        known = refused.is_set()
        at_utc = renew_at(lifetime, datetime.now(UTC), failures, renewed_utc=renewed_utc, turned_away=known)
        if await _until(at_utc, refused, known=known or failures > 0):
            continue
        try:
            lifetime = await asyncio.to_thread(renew, url, data_folder, identity)
        except ProctorError as error:
            failures += 1
            log.warning(
                "the node's certificate is not renewed; trying again",
                extra={"error": str(error), "ends_utc": lifetime.ends_utc.isoformat()},
            )
        else:
            failures, renewed_utc = 0, datetime.now(UTC)
            log.info("the node's certificate is renewed")


async def _until(at_utc: datetime, refused: asyncio.Event, *, known: bool) -> bool:
    """Wait until an instant. Returns True when the hub refuses the node before, which was not `known`."""
    left_s = 1.0
    while left_s > 0.0:
        left_s = (at_utc - datetime.now(UTC)).total_seconds()
        wait_s = max(0.0, min(left_s, LONGEST_SLEEP_S))
        if known:
            await asyncio.sleep(wait_s)
            continue
        with suppress(TimeoutError):
            await asyncio.wait_for(refused.wait(), wait_s)
            return True
    return False

"""Makes backups by themselves, in the coordinator that leads, and keeps the keyring's backup the last one.

Every look asks the target what there is, so it does not matter which coordinator has led before.
"""

from __future__ import annotations

import asyncio
import logging
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from coordinator.backups import service as backups
from coordinator.backups.creating import Maker, create, prune, write_keyring
from coordinator.backups.lists import found_at, target_of
from coordinator.backups.manifest import Kind
from coordinator.backups.planning import due_utc
from coordinator.web_api.parts import Parts
from shared.errors import ConfigError, Corrupt, Unavailable

log = logging.getLogger(__name__)

LOOK_EVERY_S: Final = 300.0


@dataclass(slots=True)
class Latest:
    """When the last good backups were made, as the coordinator that leads has seen it."""

    times: dict[tuple[str, ...], float]

    def saw(self, kind: Kind, made_utc: datetime | None) -> None:
        self.times[(str(kind),)] = 0.0 if made_utc is None else made_utc.timestamp()


async def run(parts: Parts, maker: Maker, latest: Latest) -> None:
    """Make what is due, until cancelled."""
    maker.stopping.clear()
    try:
        while True:
            try:
                await asyncio.to_thread(look, maker, latest, parts.utc_now())
            except (ConfigError, Corrupt, Unavailable) as error:
                log.warning("no backup could be made", extra={"error": str(error)})
            await asyncio.sleep(LOOK_EVERY_S)
    finally:
        maker.stopping.set()
        latest.times.clear()  # only who leads tells


def look(maker: Maker, latest: Latest, now_utc: datetime) -> None:
    """Make what is due now, and delete what is kept no longer. Raises as `create` does."""
    key, every = maker.keys.signing.public_key(), timedelta(hours=maker.settings.every_hours)
    found = found_at(target_of(maker.settings, Kind.DATABASE), Kind.DATABASE, key)
    _tell(latest, Kind.DATABASE, [one.made_utc for one in found if one.manifest is not None])
    if due_utc([one.known for one in found], every, now_utc) <= now_utc:
        made = create(maker, now_utc)
        log.info("a backup was made", extra={"backup": made.backup_id})
        _tell(latest, Kind.DATABASE, [made.made_utc])
    elif keyring_is_old(maker):
        write_keyring(maker, now_utc)
    keyrings = found_at(target_of(maker.settings, Kind.KEYRING), Kind.KEYRING, key)
    _tell(latest, Kind.KEYRING, [one.made_utc for one in keyrings if one.manifest is not None])
    if gone := prune(maker, now_utc):
        log.info("old backups were deleted", extra={"count": len(gone)})


def keyring_is_old(maker: Maker) -> bool:
    """Whether the keyring's backup has keys that were destroyed since, or is not the only one."""
    key = maker.keys.signing.public_key()
    found = found_at(target_of(maker.settings, Kind.KEYRING), Kind.KEYRING, key)
    if len(found) != 1 or found[0].manifest is None:
        return True
    with maker.database.read() as db:
        return backups.destroyed(db) != found[0].manifest.destroyed_keys


def _tell(latest: Latest, kind: Kind, made: list[datetime]) -> None:
    latest.saw(kind, max(made, default=None))

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
from coordinator.backups.creating import Maker, create, prune, rest_of, write_keyring
from coordinator.backups.lists import Found, found_at, target_of
from coordinator.backups.manifest import Kind
from coordinator.backups.planning import due_utc
from coordinator.web_api.parts import Parts
from shared.errors import ConfigError, Corrupt, Unavailable

log = logging.getLogger(__name__)

LOOK_EVERY_S: Final = 300.0
FOLLOW_EVERY_S: Final = 10.0
"""How long what somebody takes back may be lost with the database."""


@dataclass(slots=True)
class Latest:
    """When the last good backups were made, as the coordinator that leads has seen it."""

    times: dict[tuple[str, ...], float]
    rest: str = ""
    """What `rest_of` said when the keyring's backup was last known to be the last one."""

    def saw(self, kind: Kind, made_utc: datetime | None) -> None:
        self.times[(str(kind),)] = 0.0 if made_utc is None else made_utc.timestamp()

    def saw_nothing(self) -> None:
        """The target does not answer: what was seen of it before still counts, else none is known."""
        for kind in Kind:
            self.times.setdefault((str(kind),), 0.0)


async def run(parts: Parts, maker: Maker, latest: Latest) -> None:
    """Make what is due, until cancelled."""
    maker.stopping.clear()
    try:
        look_at = parts.clock()
        while True:
            now, now_utc = parts.clock(), parts.utc_now()
            try:
                if now >= look_at:
                    look_at = now + LOOK_EVERY_S
                    await asyncio.to_thread(look, maker, latest, now_utc)
                elif await asyncio.to_thread(rest_of, maker, now_utc) != latest.rest:
                    await asyncio.to_thread(_follow, maker, latest, now_utc)
            except (ConfigError, Corrupt, Unavailable) as error:
                latest.saw_nothing()
                log.warning("no backup could be made", extra={"error": str(error)})
            await asyncio.sleep(FOLLOW_EVERY_S)
    finally:
        maker.stopping.set()
        latest.times.clear()  # only who leads tells


def look(maker: Maker, latest: Latest, now_utc: datetime) -> None:
    """Make what is due now, and delete what is kept no longer. Raises as `create` does."""
    try:
        _make_due(maker, latest, now_utc)
    finally:
        # Also if the database's copy fails, perhaps for days: what was destroyed must not stay there.
        if keyring_is_old(maker, now_utc):
            write_keyring(maker, now_utc)
        latest.rest = rest_of(maker, now_utc)
        _tell(latest, Kind.KEYRING, _found(maker, Kind.KEYRING))
    if gone := prune(maker, now_utc):
        log.info("old backups were deleted", extra={"count": len(gone)})


def _follow(maker: Maker, latest: Latest, now_utc: datetime) -> None:
    """Write the keyring again with what was withdrawn, corrected or revoked just now."""
    rest = rest_of(maker, now_utc)
    write_keyring(maker, now_utc)
    latest.rest = rest


def keyring_is_old(maker: Maker, now_utc: datetime) -> bool:
    """Whether the keyring's backup has keys that were destroyed since, lacks what has changed since but for
    new keys of persons, or is not the only one."""
    found = _found(maker, Kind.KEYRING)
    if len(found) != 1 or found[0].manifest is None:
        return True
    with maker.database.read() as db:
        destroyed = backups.destroyed(db)
    return (destroyed, rest_of(maker, now_utc)) != (found[0].manifest.destroyed_keys, found[0].manifest.rest)


def _make_due(maker: Maker, latest: Latest, now_utc: datetime) -> None:
    found = _found(maker, Kind.DATABASE)
    _tell(latest, Kind.DATABASE, found)
    due = due_utc([one.known for one in found], timedelta(hours=maker.settings.every_hours), now_utc)
    if due <= now_utc or _needs_other_masters(maker, found, now_utc):
        made = create(maker, now_utc)
        log.info("a backup was made", extra={"backup": made.backup_id})
        latest.saw(Kind.DATABASE, made.made_utc)


def _needs_other_masters(maker: Maker, found: list[Found], now_utc: datetime) -> bool:
    """Whether the master keys have changed since the newest good copy: the keyring that comes next may lack
    the one that opens the copy."""
    # One of the future was made with a clock that was ahead: it would stay the newest for as long.
    made = [one.manifest for one in found if one.manifest is not None and one.made_utc <= now_utc]
    newest = made[0] if made else None
    return newest is not None and newest.master_ids not in ((), maker.keys.keyring.master_ids)


def _found(maker: Maker, kind: Kind) -> list[Found]:
    return found_at(target_of(maker.settings, kind), kind, maker.keys.signers)


def _tell(latest: Latest, kind: Kind, found: list[Found]) -> None:
    latest.saw(kind, max((one.made_utc for one in found if one.manifest is not None), default=None))

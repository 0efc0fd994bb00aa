"""Keeps the master keys of a running coordinator as their file has them, and tells others which it uses."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable
from pathlib import Path
from typing import Final

from coordinator.ground.keyring import Keyring
from coordinator.ground.master_keys import MasterKey, masters_in
from coordinator.ground.master_users import MasterUsers, Use, use_of
from shared.errors import ConfigError, Unavailable

log = logging.getLogger(__name__)

LOOK_EVERY_S: Final = 2.0
USED_FOR_S: Final = 60.0
"""How long a key of before is said to wrap: a request may store what it wrapped only when its node has
answered."""

Refused = Callable[[bytes], bool]
"""Whether a key of this id was replaced for good."""
_Version = tuple[int, int, int]


class Following:
    """The master keys of one coordinator. Its methods block; use them from one thread at a time."""

    def __init__(self, keyring: Keyring, file: Path | None, users: MasterUsers, refused: Refused) -> None:
        """`file`: where the keys are; None: they stay as they are."""
        self._masters, self._file = keyring.masters, file
        self._users, self._refused = users, refused
        self._seen: _Version | None = None
        self._left: dict[Use, float] = {}

    def begin(self) -> None:
        """Tell others which keys are used. Raises `ConfigError` if the one that wraps was replaced."""
        self._users.share(use_of(self._masters.held))
        try:
            self._require_good(self._masters.held)
        except ConfigError:
            self._users.close()
            raise

    async def run(self, clock: Callable[[], float]) -> None:
        """Look until cancelled."""
        away = False
        while True:
            try:
                await asyncio.to_thread(self.look, clock())
                away = False
            except Unavailable:
                if not away:
                    log.warning("the master key's file is not followed while the database does not answer")
                away = True
            await asyncio.sleep(LOOK_EVERY_S)

    def close(self) -> None:
        """Tell others that this coordinator uses no keys any more."""
        self._users.close()

    def look(self, now: float) -> None:
        """Follow the file. Raises `Unavailable` if the database does not answer."""
        self._users.share(use_of(self._masters.held))
        if self._file is not None and (version := _version(self._file)) != self._seen:
            self._follow(self._file, now)
            self._seen = version
        for use, left_at in tuple(self._left.items()):
            if now - left_at >= USED_FOR_S:
                self._users.let_go(use)
                del self._left[use]

    def _follow(self, file: Path, now: float) -> None:
        try:
            held = tuple(masters_in(file))
            self._require_good(held)
        except ConfigError:
            log.exception("the master key's file cannot be used; the former keys count")
            return
        before, after = use_of(self._masters.held), use_of(held)
        if before == after:
            return
        self._left.pop(after, None)
        self._users.share(after)  # before they are used
        self._masters.take(held)
        if before[0] == after[0]:
            self._users.let_go(before)
        else:
            self._left[before] = now
        log.info("the master keys have changed", extra={"wraps": after[0].hex(), "held": len(after)})

    def _require_good(self, held: tuple[MasterKey, ...]) -> None:
        if self._refused(held[0].key_id):
            raise ConfigError(
                f"the master key {held[0].key_id.hex()} was replaced by another one; give this coordinator "
                "the one that is in force"
            )


def _version(file: Path) -> _Version | None:
    try:
        about = file.stat()
    except OSError:
        return None
    return (about.st_ino, about.st_ctime_ns, about.st_size)  # also a change of its mode

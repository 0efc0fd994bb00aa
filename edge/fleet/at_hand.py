"""Keeps up which versions of networks could be opened on this node. Whoever provisions it brings the
files."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping
from contextlib import closing
from itertools import islice
from typing import Final

from models.holding import Holding
from models.manifest import Profile
from models.served import at_hand
from models.store import Store
from shared.messages.versions import MOST_AT_HAND

LOOK_EVERY_S: Final = 15.0


class NetworksAtHand:
    """The versions whose files are here, known, allowed and whole."""

    def __init__(self, profile: Profile, store: Callable[[], Store] = Store.here) -> None:
        self._profile = profile
        self._store = store
        self.known: Mapping[str, str] = {}
        """The task of each, by name@version; empty before `run` has looked."""

    async def run(self) -> None:
        """Look at the files now and again, until cancelled. What is found is not removed meanwhile."""
        with closing(Holding()) as holding:
            while True:
                found = await asyncio.to_thread(self._held, self._store(), holding)
                self.known = dict(islice(found.items(), MOST_AT_HAND))
                await asyncio.sleep(LOOK_EVERY_S)

    def _held(self, store: Store, holding: Holding) -> dict[str, str]:
        found = at_hand(store, self._profile)
        holding.hold({store.folder(one) for one in store.manifest.entries if one.label in found})
        return found

"""Holds the lead while it can be had, and runs the work that one coordinator alone may do while it leads."""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Awaitable, Callable
from typing import Final

from coordinator.ground.leadership import Leadership
from coordinator.ground.standing_back import HubAbsence, back, looked, may_lead

log = logging.getLogger(__name__)

LOOK_EVERY_S: Final = 2.0
"""How often the lead is checked, or tried for."""


class Lead:
    """Whether this coordinator leads now. Run `run` on the event loop."""

    def __init__(self, leadership: Leadership, has_hub: Callable[[], bool] = lambda: True) -> None:
        """`has_hub`: whether this coordinator is connected to the hub now."""
        self._leadership = leadership
        self._has_hub = has_hub
        self._absence = HubAbsence()
        self._won = asyncio.Event()
        self._lost = asyncio.Event()
        self._lost.set()

    @property
    def leads(self) -> bool:
        return self._won.is_set()

    async def run(self) -> None:
        """Hold the lead, or try to have it, until cancelled; then give it back."""
        try:
            while True:
                await self.look()
                await asyncio.sleep(LOOK_EVERY_S)
        finally:
            self._won.clear()
            self._lost.set()
            await asyncio.to_thread(self._leadership.give_back)

    async def look(self) -> None:
        """Take the lead if nobody has it, notice its loss, or leave it to the others."""
        now = time.monotonic()
        self._absence = looked(self._absence, now, has_hub=self._has_hub())
        if may_lead(self._absence, now, leads=self.leads):
            self._note(await asyncio.to_thread(self._leadership.hold))
        elif self.leads:
            log.warning("this coordinator is cut off from the hub and leaves the lead to others")
            self._absence = back(self._absence, now)
            self._note(False)
            await asyncio.to_thread(self._leadership.give_back)

    async def while_leading(self, work: Callable[[], Awaitable[None]]) -> None:
        """Run `work` each time this coordinator leads, and cancel it when it does so no longer; until
        cancelled. An error of the work ends this."""
        while True:
            await self._won.wait()
            working, losing = asyncio.ensure_future(work()), asyncio.ensure_future(self._lost.wait())
            try:
                await asyncio.wait({working, losing}, return_when=asyncio.FIRST_COMPLETED)
            finally:
                for task in (working, losing):
                    task.cancel()
                await asyncio.gather(working, losing, return_exceptions=True)
            if not working.cancelled():
                working.result()

    def _note(self, leads: bool) -> None:
        if leads and not self.leads:
            log.info("this coordinator leads")
            self._lost.clear()
            self._won.set()
        elif not leads and self.leads:
            log.warning("this coordinator no longer leads")
            self._won.clear()
            self._lost.set()

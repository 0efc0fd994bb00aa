"""What lasts and what is over in the console, also where the live stream did not say so."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from shared.events.types import EventType
from tests.support.chromium import needs_chromium
from tests.support.console_stand import OnConsole, Stand, notice, sat
from tests.support.findings import until_stored

pytestmark = [pytest.mark.browser, needs_chromium]


def test_what_ended_while_the_live_stream_was_lost_does_not_last_on(on_console: OnConsole) -> None:
    async def scene(stand: Stand) -> None:
        site, page = stand.site, stand.page
        start = await sat(site, "00")
        onset = datetime.now(UTC) - timedelta(seconds=30)
        await notice(site, start, EventType.VOICE_DETECTED, onset, cleared=None, revision=1)
        await notice(site, start, EventType.MULTIPLE_FACES, onset)  # a newer one, over at once
        await stand.open(who="ann")
        await page.evaluate(
            "window.sockets = []; const Real = WebSocket; window.WebSocket = class extends Real {"
            " constructor(...of) { super(...of); sockets.push(this); } }"
        )
        await stand.go("session/SESS-00")
        await stand.see("still lasts")
        await stand.see("Live", "#session-live")
        # Deaf from now on: the socket is there and nothing that it says arrives.
        await page.evaluate("sockets.at(-1).onmessage = null")
        await notice(site, start, EventType.VOICE_DETECTED, onset, revision=2)
        await until_stored(site, 3)
        await page.evaluate("sockets.at(-1).close(4000)")
        await page.until("!document.querySelector('main').innerText.includes('still lasts')")
        await stand.see("Live", "#session-live")
        assert await page.evaluate("sockets.length") == 2

    on_console(scene)

"""A verdict in the console counts for what was on the screen."""

from __future__ import annotations

from datetime import datetime, timedelta

import pytest

from shared.events.types import EventType
from tests.support.chromium import needs_chromium
from tests.support.console_stand import OnConsole, Stand, notice, with_incidents
from tests.support.findings import until_stored

pytestmark = [pytest.mark.browser, needs_chromium]


def test_an_alert_that_comes_while_a_verdict_is_written_is_shown_before_it_counts(
    on_console: OnConsole,
) -> None:
    async def scene(stand: Stand) -> None:
        site = stand.site
        [start] = await with_incidents(site, 1, sessions=1)
        await stand.open(who="ann")
        await stand.go("review")
        incident = await stand.shown_incident()
        begins = (await site.get(f"/incidents/{incident}")).json()["incident"]["begins_at"]
        await stand.key("n")
        await stand.page.until("!document.querySelector('#verdict').hidden")

        onset = datetime.fromisoformat(begins) + timedelta(seconds=2)
        late = {"explanation": "Two faces were seen at last."}
        await notice(site, start, EventType.MULTIPLE_FACES, onset, **late)
        await until_stored(site, 2)
        await stand.key("1")
        await stand.see("the incident has new alerts that you have not seen", "#incident-error")
        await stand.see("Two faces were seen at last.", "#incident-alerts")
        assert await stand.page.evaluate("document.querySelector('#verdict').hidden")

        await stand.key("n")
        await stand.page.until("!document.querySelector('#verdict').hidden")
        await stand.key("1")
        await stand.see("Nothing is waiting here")
        assert (await site.get(f"/incidents/{incident}")).json()["incident"]["state"] == "dismissed"

    on_console(scene)

"""The nodes' page of the console: states with reasons and repairs, and the last hour as small charts."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from coordinator.nodes.history import Sample
from shared.messages.heartbeats import Measures
from shared.tokens import Role
from tests.support.axe import broken_rules, needs_axe
from tests.support.chromium import needs_chromium
from tests.support.console_stand import OnConsole, Stand
from tests.support.exam_site import NODE_ID

pytestmark = [pytest.mark.browser, needs_chromium]
CARD = "#nodes-list"
LABELS = "[...document.querySelectorAll('.sparkline')].map((one) => one.ariaLabel)"


def remembered(stand: Stand) -> None:
    """Two minutes of the last hour, with a gap between them."""
    history, now = stand.site.parts.fleet.history, datetime.now(UTC).replace(second=0, microsecond=0)
    kept = history._samples[NODE_ID]
    kept.clear()
    for minutes, sessions in ((30, 4), (10, 6)):
        at = now - timedelta(minutes=minutes)
        values = {"sessions": sessions, "level": 1, "outbox": 3, "lag_p95_s": 0.125, "cpu": 0.5}
        kept.append(Sample(minute_utc=at, **values))  # type: ignore[arg-type]


async def by_keys(stand: Stand, act: str, reason: str, *, move: bool = False) -> None:
    """An act on the only node, with the keyboard alone."""
    page = stand.page
    button = f"{CARD} [data-act={act}]"
    await page.until(f"document.querySelector('{button}') !== null")
    await page.evaluate(f"document.querySelector('{button}').focus()")
    await page.press("Enter", 13)
    await page.until("document.activeElement.id === 'act-text'")
    await page.evaluate(f"document.activeElement.value = {reason!r}")
    if move:
        await page.press("Tab", 9)
        await page.press(" ", 32)
    await page.press("Tab", 9)
    await page.until("document.activeElement.id === 'act-send'")
    await page.press("Enter", 13)
    await page.until("!document.querySelector('#act').open")


@needs_axe
def test_an_operator_sees_nodes_with_their_hour_and_nothing_else(on_console: OnConsole) -> None:
    async def scene(stand: Stand) -> None:
        page, node = stand.page, stand.site.node
        node.measures, node.health, node.reasons = Measures(product="1.2"), 2, ("outbox-failing",)
        remembered(stand)
        await node.beat()
        await stand.open(Role.OPERATOR, "olga")
        await stand.see("degraded", CARD)
        await stand.see("It cannot keep alerts on its disk. Look at its disk", CARD)
        await stand.see("0 of 10", CARD)
        labels = await page.evaluate(LABELS)
        assert labels[:3] == [
            "Sessions in the last hour: 0 to 6, at last 0",
            "Lag p95 in the last hour: always 125 ms, at last 125 ms",
            "Level in the last hour: always L1, at last L1",
        ]
        path = "document.querySelector('.sparkline path').getAttribute('d')"
        assert str(await page.evaluate(path)).count("M") == 3  # no line over the silent minutes
        links = "[...document.querySelectorAll('nav a:not([hidden])')].map((one) => one.textContent)"
        assert await page.evaluate(links) == ["Nodes"]
        assert await broken_rules(page) == []
        await stand.go("wall")
        await page.until("location.hash === '#/nodes'")
        await by_keys(stand, "cordon", "repairs")
        await stand.see("cordoned", CARD)
        await stand.see("Said: repairs", CARD)
        await by_keys(stand, "drain", "", move=True)
        await stand.see("draining", CARD)
        await stand.see("running exams move now", "#said")
        assert await broken_rules(page) == []
        await by_keys(stand, "uncordon", "")
        await page.until("document.querySelector('[data-act=cordon]') !== null")
        assert page.complaints == []

    on_console(scene)


def test_an_administrator_sees_no_counts_of_others_and_a_proctor_no_page(on_console: OnConsole) -> None:
    async def scene(stand: Stand) -> None:
        remembered(stand)
        await stand.open(Role.ADMIN, "ann")
        await stand.page.until("!document.querySelector('#nodes-link').hidden")  # it knows who has signed in
        await stand.key("n")
        await stand.see("healthy", CARD)
        await stand.page.until(f"{LABELS}.length === 3")
        assert not any("Sessions" in label for label in await stand.page.evaluate(LABELS))
        assert await stand.page.evaluate(f"document.querySelector('{CARD} [data-act]') === null")
        await stand.page.click("#sign-out")
        await stand.sign_in(stand.site.token(Role.PROCTOR, "paul"))
        await stand.see("No matching session")
        assert await stand.page.evaluate("document.querySelector('#nodes-link').hidden")
        assert stand.page.complaints == []

    on_console(scene)

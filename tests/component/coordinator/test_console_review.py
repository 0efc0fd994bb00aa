"""Reviewing by keyboard in the console: fifty incidents, a second person, an appeal, somebody in the way."""

from __future__ import annotations

import asyncio
import itertools
import statistics
import time
from datetime import UTC, datetime
from typing import Any

import pytest

from coordinator.reviews.effect import UNDO_FOR
from shared.tokens import Role
from tests.support.chromium import needs_chromium
from tests.support.console_stand import OnConsole, Stand, with_incidents
from tests.support.eventually import PATIENCE_S

pytestmark = [pytest.mark.browser, needs_chromium]

INCIDENTS = 50
MOST_KEYS = 4
WAYS = (("n", "1"), ("y", "Enter"), ("c", "n", "2"), ("c", "y", "Enter"), ("n", "3"))
"""Dismissed or confirmed, claimed first or not."""


def test_fifty_incidents_take_four_keys_each_at_most_and_no_page_load(on_console: OnConsole) -> None:
    async def scene(stand: Stand) -> None:
        page = stand.page
        await with_incidents(stand.site, INCIDENTS)
        await stand.open(who="ann")
        await stand.key("q")
        await page.evaluate("window.loaded = 'once'")
        shown = await stand.shown_incident()
        taken_s, keys = [], []
        for number, way in zip(range(INCIDENTS), itertools.cycle(WAYS)):
            stand.pressed.clear()
            began_s = time.monotonic()
            for key in way:
                await stand.key(key)
                if key == "c":
                    await stand.see("Release", "#incident-acts")
                elif key in "ny":
                    await page.until("!document.querySelector('#verdict').hidden")
            if number < INCIDENTS - 1:
                shown = await stand.shown_incident(not_this=shown)
            taken_s.append(time.monotonic() - began_s)
            keys.append(len(stand.pressed))
        await stand.see("Nothing is waiting here")
        assert max(keys) <= MOST_KEYS
        assert await page.evaluate("window.loaded") == "once"
        assert await page.evaluate("performance.getEntriesByType('navigation').length") == 1
        assert page.complaints == []
        # Measured beside other work on two cores: 2.4 keys in the mean, 3 at most; 0.21 s in the median and
        # 0.35 s at worst from the first key until the next incident was on the screen.
        assert statistics.median(taken_s) < 3.0
        items = (await stand.site.get("/incidents", params={"limit": 200})).json()["items"]
        states = [item["state"] for item in items]
        assert (states.count("dismissed"), states.count("seconding")) == (30, 20)

    on_console(scene)


HOLD_LISTS = """(() => {
  const fetched = window.fetch;
  [window.holding, window.held, window.lists] = [true, [], 0];
  window.fetch = async (...asked) => {
    const answer = await fetched(...asked);
    if (!String(asked[0].url ?? asked[0]).includes("incidents?")) return answer;
    if (window.holding) await new Promise((go) => window.held.push(go));
    window.lists += 1;
    return answer;
  };
})()"""


def test_a_list_that_was_asked_for_before_a_verdict_brings_no_decided_incident_back(
    on_console: OnConsole,
) -> None:
    async def scene(stand: Stand) -> None:
        page = stand.page
        await with_incidents(stand.site, 1)
        await stand.open(who="ann")
        await stand.key("q")
        await stand.shown_incident()
        await page.evaluate(HOLD_LISTS)
        await page.until("window.held.length === 1")
        await stand.key("y")
        await page.until("!document.querySelector('#verdict').hidden")
        await stand.key("Enter")
        await stand.see("Nothing is waiting here")
        await page.evaluate("window.holding = false; window.held.forEach((go) => go())")
        await page.until("window.lists >= 3")
        await stand.see("Nothing is waiting here")
        assert await page.evaluate("document.querySelector('#incident').hidden")

    on_console(scene)


def test_a_second_person_confirms_and_a_third_decides_the_appeal(on_console: OnConsole) -> None:
    async def scene(stand: Stand) -> None:
        page, site = stand.page, stand.site
        await with_incidents(site, 1, sessions=1)
        await stand.open(who="ann")
        await stand.go("review")
        incident = await stand.shown_incident()
        await confirm(stand)
        await stand.see("waiting for a second person", "#queue-last")
        await stand.see("Nothing is waiting here")

        await as_another(stand, "bob")
        await stand.shown_incident()
        await stand.see("Confirmed by ann. A confirmation needs two people.", "#incident-state")
        await confirm(stand)
        await stand.see("Confirmed:", "#queue-last")
        site.at(datetime.now(UTC) + UNDO_FOR)  # the candidate is told when nobody can undo it any more
        mine = {"headers": site.bearer(Role.CANDIDATE, "CAND-00")}
        words = {"text": "It was <b>my brother</b>."}
        assert (await site.post(f"/incidents/{incident}/appeal", words, **mine)).status_code == 200

        await stand.go(f"review/{incident}")
        await stand.shown_incident()
        await stand.see("It was <b>my brother</b>.", "#incident-history")
        assert await page.text("#incident-acts") == "Comment m"
        await stand.key("b")
        assert await page.evaluate("document.querySelector('#verdict').hidden")

        await as_another(stand, "eve")
        await stand.shown_incident()
        assert "Uphold the verdict" in await page.text("#incident-acts")
        await decide(stand, "b", "The picture shows the candidate.")
        await stand.see("The verdict was reversed", "#queue-last")
        assert await state_of(stand, incident) == "overturned"

    on_console(scene)


def test_who_confirmed_an_incident_may_not_confirm_it_again(on_console: OnConsole) -> None:
    async def scene(stand: Stand) -> None:
        await with_incidents(stand.site, 1, sessions=1)
        await stand.open(who="ann")
        await stand.go("review")
        incident = await stand.shown_incident()
        await confirm(stand)
        await stand.see("Nothing is waiting here")
        await stand.go(f"review/{incident}")
        await stand.shown_incident()
        await stand.see("Confirmed by ann. A confirmation needs two people.", "#incident-state")
        await stand.key("y")
        assert await stand.page.evaluate("document.querySelector('#verdict').hidden")
        assert "Dismiss" in await stand.page.text("#incident-acts")  # a first verdict may be taken back

    on_console(scene)


def test_an_incident_that_somebody_else_holds_is_left_alone(on_console: OnConsole) -> None:
    async def scene(stand: Stand) -> None:
        site = stand.site
        await with_incidents(site, 1, sessions=1)
        await stand.open(who="ann")
        await stand.go("review")
        incident = await stand.shown_incident()
        bob = {"headers": site.bearer(Role.PROCTOR, "bob")}
        assert (await site.post(f"/incidents/{incident}/claim", **bob)).status_code == 200
        await stand.key("n")
        await stand.see("another reviewer has claimed the incident", "#verdict-error")
        await stand.key("1")
        await stand.see("another reviewer has claimed the incident", "#verdict-error")
        assert await state_of(stand, incident) == "open"

    on_console(scene)


def test_a_form_that_is_left_leaves_no_claim_behind(on_console: OnConsole) -> None:
    async def scene(stand: Stand) -> None:
        await with_incidents(stand.site, 1, sessions=1)
        await stand.open(who="ann")
        await stand.go("review")
        incident = await stand.shown_incident()
        await stand.key("n")
        await holder(stand, incident, "ann")
        await stand.page.press("Escape", 27)
        await holder(stand, incident, None)
        await stand.key("n")
        await holder(stand, incident, "ann")
        await stand.page.click("#sign-out")
        await holder(stand, incident, None)
        assert stand.page.complaints == []

    on_console(scene)


def test_a_form_that_is_opened_again_at_once_keeps_its_claim(on_console: OnConsole) -> None:
    async def scene(stand: Stand) -> None:
        page = stand.page
        await with_incidents(stand.site, 1, sessions=1)
        await stand.open(who="ann")
        await stand.key("q")
        incident = await stand.shown_incident()
        await page.evaluate(
            "window.ask = window.fetch, window.done = [], window.fetch = async (url, ...asked) => {"
            " if (String(url).endsWith('release')) await new Promise((late) => setTimeout(late, 500));"
            " const answer = await window.ask(url, ...asked);"
            " done.push(String(url).split('/').at(-1)); return answer }"
        )
        await stand.key("y")
        await page.press("Escape", 27)
        await stand.key("n")
        await page.until("done.filter((one) => one === 'claim').length === 2 && done.includes('release')")
        held = (await stand.site.get(f"/incidents/{incident}")).json()["incident"]
        assert held["claimed_by"] == "ann"
        assert page.complaints == []

    on_console(scene)


def test_comments_and_other_reasons_need_words(on_console: OnConsole) -> None:
    async def scene(stand: Stand) -> None:
        page = stand.page
        await with_incidents(stand.site, 1, sessions=1)
        await stand.open(who="ann")
        await stand.go("review")
        incident = await stand.shown_incident()
        await stand.key("m")
        await stand.key("Enter")
        await stand.see("Write a text", "#verdict-error")
        await page.command(
            "Input.insertText", text="Compare the practice run; n and 1 are only letters here."
        )
        await stand.key("Enter")
        await stand.see("ann commented.", "#incident-history")
        await stand.key("n")
        await page.until("document.activeElement.dataset.reason === 'false-detection'")
        await stand.key("5")
        await page.until("document.activeElement.id === 'verdict-text'")
        await stand.key("Enter")
        await stand.see("Write a text", "#verdict-error")
        await page.command("Input.insertText", text="A mirror.")
        await stand.key("Enter")
        await stand.see("Nothing is waiting here")
        history = (await stand.site.get(f"/incidents/{incident}")).json()["history"]
        assert [(act["act"], act["reason"]) for act in history if act["act"] != "claim"] == [
            ("comment", None),
            ("dismiss", "other"),
        ]

    on_console(scene)


def test_keys_are_listed_and_can_be_turned_off(on_console: OnConsole) -> None:
    async def scene(stand: Stand) -> None:
        page = stand.page
        await with_incidents(stand.site, 2, sessions=1)
        await stand.open(who="ann")
        await stand.go("review")
        first = await stand.shown_incident()
        await page.press("?", 191)
        await stand.see("Next incident", "#help")
        assert await page.evaluate("document.querySelectorAll('#help-keys dt').length") >= 15
        await page.click("#keys-on")
        await page.press("Escape", 27)
        await stand.key("j")
        await stand.key("n")
        assert await page.evaluate("document.querySelector('#incident').dataset.id") == first
        assert await page.evaluate("document.querySelector('#verdict').hidden")
        await page.click("#show-help")
        await page.click("#keys-on")
        await page.press("Escape", 27)
        await stand.key("j")
        await stand.shown_incident(not_this=first)
        assert await page.evaluate("document.activeElement.id") == "incident-title"

    on_console(scene)


def test_a_service_may_look_and_is_offered_nothing_to_do(on_console: OnConsole) -> None:
    async def scene(stand: Stand) -> None:
        await with_incidents(stand.site, 1, sessions=1)
        await stand.open(Role.SYSTEM, "platform")
        await stand.go("review")
        await stand.see("CAND-00", "#incident")
        assert await stand.page.evaluate("document.querySelectorAll('#incident-acts button').length") == 0
        await stand.key("n")
        assert await stand.page.evaluate("document.querySelector('#verdict').hidden")
        await stand.go("session/SESS-00")
        await stand.see("Face unlike", "#observed")
        assert await stand.page.evaluate("document.querySelector('#session-acts').hidden")

    on_console(scene)


async def confirm(stand: Stand) -> None:
    await stand.key("y")
    await stand.page.until("document.activeElement.id === 'verdict-text'")
    await stand.key("Enter")


async def decide(stand: Stand, key: str, words: str) -> None:
    await stand.key(key)
    await stand.page.until("document.activeElement.id === 'verdict-text'")
    await stand.page.command("Input.insertText", text=words)
    await stand.key("Enter")


async def as_another(stand: Stand, who: str) -> None:
    await stand.page.click("#sign-out")
    await stand.sign_in(stand.site.token(Role.PROCTOR, who))


async def holder(stand: Stand, incident: str, who: str | None) -> None:
    """Wait until this person has claimed it."""
    async with asyncio.timeout(PATIENCE_S):
        while True:
            detail = (await stand.site.get(f"/incidents/{incident}")).json()
            if detail["incident"]["claimed_by"] == who:
                return


async def state_of(stand: Stand, incident: str) -> Any:
    return (await stand.site.get(f"/incidents/{incident}")).json()["incident"]["state"]

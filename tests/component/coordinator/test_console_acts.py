"""What a proctor does from the console, and what the console does when the coordinator does not answer."""

from __future__ import annotations

import itertools
from pathlib import Path
from typing import Any

import pytest

from shared.events.types import EventType
from shared.tokens import Role
from shared.unwatched import Kind
from tests.support.chromium import needs_chromium
from tests.support.console_stand import OnConsole, Stand, sat, with_incidents
from tests.support.eventually import until
from tests.support.node_answers import watching

pytestmark = [pytest.mark.browser, needs_chromium]


def test_a_message_is_recorded_and_stands_on_the_timeline(on_console: OnConsole) -> None:
    async def scene(stand: Stand) -> None:
        page = stand.page
        await at_session(stand)
        await stand.key("m")
        await page.until("document.activeElement.id === 'act-text'")
        await page.click("#act-send")
        await stand.see("Write a message.", "#act-error")
        await page.command("Input.insertText", text="Please <b>turn</b> on the light.")
        await page.click("#act-send")
        await page.until("!document.querySelector('#act').open")
        await stand.see("“Please <b>turn</b> on the light.”", "#steps")
        await stand.see("not connected here", "#said")
        assert [each["by"] for each in await evidence(stand, EventType.PROCTOR_MESSAGE)] == ["ann"]
        assert page.complaints == []

    on_console(scene)


def test_extra_time_takes_minutes_and_a_reason(on_console: OnConsole) -> None:
    async def scene(stand: Stand) -> None:
        page = stand.page
        await at_session(stand)
        await stand.key("e")
        await page.until("document.activeElement.id === 'act-minutes'")
        await page.evaluate("document.querySelector('#act-minutes').value = '601'")
        await page.click("#act-send")
        await stand.see("1 to 600 minutes", "#act-error")
        await page.evaluate("document.querySelector('#act-minutes').value = '15'")
        await page.evaluate("document.querySelector('#act-text').value = 'Fire alarm.'")
        await page.click("#act-send")
        await stand.see("Extra time given", "#steps")
        [given] = await evidence(stand, EventType.PROCTOR_EXTRA_TIME)
        assert (given["minutes"], given["reason"]) == (15, "Fire alarm.")

    on_console(scene)


def test_a_pause_is_shown_until_the_exam_goes_on(on_console: OnConsole) -> None:
    async def scene(stand: Stand) -> None:
        page = stand.page
        await at_session(stand)
        for key, then in (("p", "Paused since"), ("r", "Running")):
            await stand.key(key)
            await page.until("document.activeElement.id === 'act-text'")
            await page.command("Input.insertText", text="Fire alarm.")
            await page.click("#act-send")
            await stand.see(then, "#session-facts")
            offered = await page.text("#session-acts")
            assert ("Resume" in offered, "Pause" in offered) == (key == "p", key == "r")
        assert len(await evidence(stand, EventType.PROCTOR_PAUSE)) == 1

    on_console(scene)


def test_reports_and_bundles_are_saved_as_files(on_console: OnConsole, tmp_path: Path) -> None:
    async def scene(stand: Stand) -> None:
        folder = tmp_path / "saved"
        await stand.page.command("Page.setDownloadBehavior", behavior="allow", downloadPath=str(folder))
        await at_session(stand)
        for name, ending, begins in (("report.pdf", "pdf", b"%PDF"), ("hearing-bundle", "zip", b"PK")):
            await stand.page.click(f"[data-file='{name}']")
            file = folder / f"SESS-01.{ending}"
            await until(file.exists, f"{file.name} is saved")
            assert file.read_bytes().startswith(begins)

    on_console(scene)


def test_a_session_is_ended_only_with_a_reason_and_a_second_yes(on_console: OnConsole) -> None:
    async def scene(stand: Stand) -> None:
        page = stand.page
        await at_session(stand)
        await page.click("[data-act=terminate]")
        await page.evaluate("document.querySelector('#act-text').value = 'Asked for by the candidate.'")
        await page.click("#act-send")
        await stand.see("Confirm whose session it is", "#act-error")
        assert await page.evaluate("document.activeElement.id") == "act-sure"
        await page.press("Escape", 27)
        assert await standing(stand) == "active"

        await page.click("[data-act=terminate]")
        assert not await page.evaluate("document.querySelector('#act-sure').checked")
        await page.click("#act-sure")
        await page.evaluate("document.querySelector('#act-text').value = 'Asked for by the candidate.'")
        await page.click("#act-send")
        await stand.see("Ended by a proctor", "#steps")
        await page.until("document.querySelector('#session-acts').hidden")
        assert await standing(stand) == "ended"

    on_console(scene)


def test_a_coordinator_that_does_not_answer_is_said_and_asked_again(on_console: OnConsole) -> None:
    async def scene(stand: Stand) -> None:
        page = stand.page
        await with_incidents(stand.site, 1, sessions=1)
        await stand.open()
        await stand.see("CAND-00")
        await offline(stand, True)
        await stand.see("The coordinator does not answer. You see the state of", "#connection")
        await stand.see("CAND-00")  # what was there is still shown
        await stand.go("session/SESS-00")
        await stand.see("The coordinator does not answer. Next try in", "#session-state")
        await offline(stand, False)
        await stand.see("Face unlike", "#observed")
        await stand.see("Up to date", "#connection")
        assert await page.text("#session-state") == ""

    on_console(scene)


def test_a_deed_without_an_answer_can_be_sent_again_and_is_done_once(on_console: OnConsole) -> None:
    async def scene(stand: Stand) -> None:
        page = stand.page
        await with_incidents(stand.site, 1, sessions=1)
        await stand.open()
        await stand.go("review")
        incident = await stand.shown_incident()
        await stand.key("m")
        await page.command("Input.insertText", text="Once.")
        # The comment arrives, its answer is lost.
        await page.evaluate(
            "window.ask = window.fetch, window.fetch = async (...asked) =>"
            " { await window.ask(...asked); window.fetch = window.ask; throw new TypeError('lost') }"
        )
        await stand.key("Enter")
        await stand.see("does not answer", "#verdict-error")
        await stand.key("Enter")
        await stand.see("ann commented.", "#incident-history")
        history = (await stand.site.get(f"/incidents/{incident}")).json()["history"]
        assert [act["act"] for act in history] == ["comment"]

    on_console(scene)


def test_a_socket_that_is_lost_is_opened_again(on_console: OnConsole) -> None:
    async def scene(stand: Stand) -> None:
        page = stand.page
        await at_session(stand)
        live = "document.querySelector('#session-live').dataset.state"
        await page.until(f"{live} === 'live'")
        rooms = stand.site.parts.rooms._rooms
        (lost,) = map(list, rooms.values())
        for listener in lost:
            listener.lost.set()
        await page.until(f"{live} === 'waiting'")
        await page.until(f"{live} === 'live'")
        (opened,) = itertools.chain(*rooms.values())
        assert opened not in lost

    on_console(scene)


async def at_session(stand: Stand) -> None:
    await sat(stand.site, "01")
    await stand.open(Role.PROCTOR, "ann")
    await stand.go("session/SESS-01")
    await stand.page.until("!document.querySelector('#session-acts').hidden")


async def evidence(stand: Stand, event: EventType) -> list[Any]:
    """Of the session's alerts of this kind."""
    page = (await stand.site.get("/alerts", params={"event_type": event})).json()
    return [alert["evidence"] for alert in page["items"]]


async def standing(stand: Stand) -> Any:
    return (await stand.site.get("/session/SESS-01")).json()["status"]


async def offline(stand: Stand, cut: bool) -> None:
    """Cut the browser off its network, or give it back."""
    await stand.page.command("Network.enable")
    speed = -1  # as fast as it goes
    await stand.page.command(
        "Network.emulateNetworkConditions",
        offline=cut,
        latency=0,
        downloadThroughput=speed,
        uploadThroughput=speed,
    )


def test_a_withdrawal_is_shown_neutrally_and_is_no_incident(on_console: OnConsole) -> None:
    async def scene(stand: Stand) -> None:
        await at_session(stand)
        for purpose, word in (("identity-verification", False), ("camera-monitoring", False)):
            said = {"given": word, "text_version": "1", "confirm": True}
            candidate = (await stand.site.get("/sessions")).json()["items"][0]["candidate_id"]
            path = f"/api/v1/consents/{candidate}/{purpose}"
            answer = await stand.site.http.put(path, json=said, headers=stand.site.bearer())
            assert answer.status_code == 200, answer.text
        await stand.see("Consent withdrawn", "#steps")
        await stand.see("agree with the candidate on another way", "#steps")
        await stand.see("Running; withdrawn: camera, face comparison", "#session-facts")
        await stand.go("sessions")
        await stand.see("withdrawn: camera, face comparison")
        assert (await stand.site.get("/incidents")).json()["items"] == []

    on_console(scene)


def test_a_session_says_how_much_of_it_nobody_watched(on_console: OnConsole) -> None:
    async def scene(stand: Stand) -> None:
        await at_session(stand)
        await stand.see("Unknown", "#session-facts")
        node = stand.site.node
        seconds = {Kind.FACE: 12.6, Kind.BODY: 6.0, Kind.SOUND: 0.0}
        node.sessions = (watching(node.obeyed.started[0].session_id, unwatched_s=seconds),)
        await node.beat()
        await stand.see("face 13 s, body 6.0 s, sound 0.0 s", "#session-facts")

    on_console(scene)

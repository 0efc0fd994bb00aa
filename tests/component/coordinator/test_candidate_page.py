"""The candidate's page in a real Chromium, against an edge node's real signaling and media."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable

import pytest

from shared.errors import Rejected
from tests.support.chromium import Browser, Page, needs_chromium
from tests.support.eventually import until
from tests.support.exam_stand import NOTICE, Stand, exam_stand, notice

pytestmark = [pytest.mark.browser, needs_chromium]

Scene = Callable[[Page, Stand], Awaitable[None]]


def play(browser: Browser, scene: Scene) -> None:
    """Runs one test's scene with a browser and a stand of its own."""

    async def run() -> None:
        async with exam_stand() as stand, browser.page() as page:
            await scene(page, stand)

    asyncio.run(run())


async def read_notice(page: Page, stand: Stand) -> None:
    await page.goto(stand.join_url)
    await page.until("!document.querySelector('#notice').hidden")


async def acknowledge(page: Page, stand: Stand) -> None:
    await read_notice(page, stand)
    await page.evaluate("document.querySelectorAll('#purpose-list input').forEach((box) => box.click())")
    await page.click("#notice-form button")
    await page.until("!document.querySelector('#check').hidden")


async def sit_exam(page: Page, stand: Stand) -> None:
    await acknowledge(page, stand)
    await page.click("#devices-on")
    await page.click("#start")
    await page.until("document.querySelector('#link-state').dataset.state === 'connected'")


async def frames(stand: Stand, number: int, count: int) -> None:
    """Waits until a connection has delivered so many pictures."""

    def came() -> bool:
        return len(stand.seats) > number and stand.seats[number].peer.frame_count >= count

    await until(came, f"{count} pictures of connection {number}")


def test_the_whole_way_from_link_to_end(browser: Browser) -> None:
    async def scene(page: Page, stand: Stand) -> None:
        await sit_exam(page, stand)
        await frames(stand, 0, 15)
        [camera] = stand.seats[0].cameras
        assert (bool(camera.label), camera.width_px, camera.display_surface) == (True, 640, None)
        frame = await stand.seats[0].peer.video.get()
        assert frame is not None
        assert (frame.width, frame.height) == (640, 480)
        await page.click("#end")
        await page.click("#end-yes")
        await page.until("!document.querySelector('#closed').hidden")
        assert stand.ended == 1
        assert stand.seats[0].said_goodbye
        assert await page.text("#closed h1") == "You have finished"
        assert await page.evaluate("document.querySelector('#exam-preview').srcObject.active") is False
        assert await page.evaluate("sessionStorage.length") == 0
        assert page.complaints == []

    play(browser, scene)


def test_the_code_leaves_the_address_and_a_reload_keeps_the_attempt(browser: Browser) -> None:
    async def scene(page: Page, stand: Stand) -> None:
        await read_notice(page, stand)
        assert await page.evaluate("location.href") == f"{stand.url}/join"
        await page.goto(f"{stand.url}/join")
        await page.until("!document.querySelector('#notice').hidden")
        assert await page.text("#exam-title") == "Mathematics I"

    play(browser, scene)


def test_a_used_link_says_so_and_what_to_do(browser: Browser) -> None:
    async def scene(page: Page, stand: Stand) -> None:
        stand.used_codes.add(stand.join_url.split("#")[1])
        await page.goto(stand.join_url)
        await page.until("!document.querySelector('#problem').hidden")
        assert await page.text("#problem-text") == "The link was used before."
        assert "Ask your institution for a new one" in await page.text("#problem-help")

    play(browser, scene)


def test_without_a_link_the_page_asks_for_it(browser: Browser) -> None:
    async def scene(page: Page, stand: Stand) -> None:
        await page.goto(f"{stand.url}/join")
        await page.until("!document.querySelector('#problem').hidden")
        assert await page.text("#problem h1") == "This page needs your link"

    play(browser, scene)


def test_the_notice_is_shown_as_text_and_needs_every_point_confirmed(browser: Browser) -> None:
    async def scene(page: Page, stand: Stand) -> None:
        await read_notice(page, stand)
        assert "<b>Nothing</b> is stored." in await page.text("#notice-text")
        await page.evaluate("document.querySelector('#purpose-list input').click()")
        await page.click("#notice-form button")
        await page.until("document.querySelector('#purposes-error').textContent !== ''")
        assert await page.evaluate("document.activeElement.value") == "speech-detection"
        assert await page.evaluate("document.activeElement.getAttribute('aria-invalid')") == "true"
        assert stand.acknowledged == []
        await page.press(" ", 32)
        await page.click("#notice-form button")
        await page.until("!document.querySelector('#check').hidden")
        (said,) = stand.acknowledged
        assert said.notice_version == NOTICE.version
        assert said.purposes == NOTICE.purposes

    play(browser, scene)


@pytest.mark.parametrize(
    ("refusal", "reason"),
    [
        ("NotAllowedError", "is not allowed to use your camera"),
        ("NotFoundError", "No camera or no microphone was found"),
        ("NotReadableError", "Another program seems to be using"),
    ],
)
def test_refused_devices_are_explained_and_can_be_tried_again(
    browser: Browser, refusal: str, reason: str
) -> None:
    async def scene(page: Page, stand: Stand) -> None:
        await acknowledge(page, stand)
        await page.evaluate(
            "navigator.mediaDevices.ask = navigator.mediaDevices.getUserMedia,"
            " navigator.mediaDevices.getUserMedia ="
            f" async () => {{ throw new DOMException('no', '{refusal}') }}"
        )
        await page.click("#devices-on")
        await page.until(f"document.querySelector('#devices-error').textContent.includes({reason!r})")
        assert await page.evaluate(
            "document.querySelector('#devices-on').getAttribute('aria-describedby')"
        ) == ("devices-error")
        await page.evaluate("navigator.mediaDevices.getUserMedia = navigator.mediaDevices.ask")
        await page.click("#devices-on")
        await page.until("document.querySelector('#start').checkVisibility()")
        assert await page.text("#devices-error") == ""

    play(browser, scene)


def test_the_microphone_check_hears_and_sound_processing_is_off(browser: Browser) -> None:
    async def scene(page: Page, stand: Stand) -> None:
        await acknowledge(page, stand)
        await page.click("#devices-on")
        await page.until("document.querySelector('#microphone-state').textContent.includes('hears you')")
        settings = await page.evaluate(
            "document.querySelector('#check-preview').srcObject.getAudioTracks()[0].getSettings()"
        )
        assert settings["noiseSuppression"] is False
        assert settings["autoGainControl"] is False
        assert settings["echoCancellation"] is True
        assert "640 × 480, 15 pictures per second" in await page.text("#camera-state")

    play(browser, scene)


def test_messages_of_both_roads_appear_once_and_politely(browser: Browser) -> None:
    async def scene(page: Page, stand: Stand) -> None:
        await sit_exam(page, stand)
        await stand.seats[0].outbox.put(notice("light", "Please move into the light."))
        await page.until("document.querySelectorAll('#messages li').length === 1")
        await stand.tell(notice("light", "Please move into the light."))
        await stand.tell(notice("near", "Please <i>sit</i> closer."))
        await page.until("document.querySelectorAll('#messages li').length === 2")
        assert "Please <i>sit</i> closer." in await page.text("#messages")
        region = "document.querySelector('#messages').parentElement"
        assert await page.evaluate(f"{region}.getAttribute('aria-live')") == "polite"

    play(browser, scene)


def test_silent_media_are_connected_anew_within_ten_seconds(browser: Browser) -> None:
    async def scene(page: Page, stand: Stand) -> None:
        await sit_exam(page, stand)
        await frames(stand, 0, 5)
        # The node's end is gone without a word, as when its host loses power.
        await stand.seats[0].peer.close()
        async with asyncio.timeout(10):
            await frames(stand, 1, 5)
        assert not stand.seats[0].said_goodbye
        await page.until("document.querySelector('#link-state').dataset.state === 'connected'")

    play(browser, scene)


def test_a_refusing_node_is_asked_again_but_not_hammered(browser: Browser) -> None:
    async def scene(page: Page, stand: Stand) -> None:
        stand.refuse_seats = Rejected("full", code="full", status=503)
        await acknowledge(page, stand)
        await page.click("#devices-on")
        await page.click("#start")
        await page.until("document.querySelector('#link-state').dataset.state === 'waiting'")
        stand.refuse_seats = None
        await page.until("document.querySelector('#link-state').dataset.state === 'connected'")
        assert len(stand.seats) == 1

    play(browser, scene)


def test_a_session_that_is_over_closes_the_page(browser: Browser) -> None:
    async def scene(page: Page, stand: Stand) -> None:
        await sit_exam(page, stand)
        await until(lambda: bool(stand.listeners), "the page listens")
        await stand.tell({"type": "heartbeat", "session_id": "s", "status": "ended", "stats": {}})
        await page.until("!document.querySelector('#closed').hidden")
        assert await page.text("#closed h1") == "The session has ended"

    play(browser, scene)


def test_an_end_that_fails_keeps_the_exam_running(browser: Browser) -> None:
    async def scene(page: Page, stand: Stand) -> None:
        stand.refuse_end = True
        await sit_exam(page, stand)
        await page.click("#end")
        await page.click("#end-yes")
        await page.until("document.querySelector('#end-error').textContent.includes('is busy')")
        assert await page.evaluate("document.querySelector('#link-state').dataset.state") == "connected"
        stand.refuse_end = False
        await page.click("#end")
        await page.click("#end-yes")
        await page.until("!document.querySelector('#closed').hidden")

    play(browser, scene)


def test_an_end_whose_answer_was_lost_is_an_end(browser: Browser) -> None:
    async def scene(page: Page, stand: Stand) -> None:
        stand.ended_before = True
        await sit_exam(page, stand)
        await page.click("#end")
        await page.click("#end-yes")
        await page.until("!document.querySelector('#closed').hidden")

    play(browser, scene)


def test_the_keyboard_alone_goes_all_the_way(browser: Browser) -> None:
    async def scene(page: Page, stand: Stand) -> None:
        await read_notice(page, stand)
        assert await page.evaluate("document.activeElement.id") == "notice-title"
        for _ in NOTICE.purposes:
            await page.press("Tab", 9)
            await page.press(" ", 32)
        await page.press("Tab", 9)
        await page.press("Enter", 13)
        await page.until("document.activeElement.textContent.startsWith('Check your camera')")
        await page.press("Tab", 9)
        await page.press("Enter", 13)
        await page.until("document.activeElement.id === 'start'")
        await page.press("Enter", 13)
        await page.until("document.activeElement.textContent === 'Your exam is running'")
        await page.until("document.querySelector('#link-state').dataset.state === 'connected'")
        await page.press("Tab", 9)
        assert await page.evaluate("document.activeElement.id") == "end"
        await page.press("Enter", 13)
        await page.until("document.activeElement.id === 'end-no'")
        await page.press("Escape", 27)
        await page.until("document.activeElement.id === 'end'")
        assert stand.ended == 0

    play(browser, scene)


AGREEMENT = "#agreement-list button[data-purpose={purpose}]"
CAMERA_BUTTON = AGREEMENT.format(purpose="camera-monitoring")


async def open_agreement(page: Page) -> None:
    """As with the keyboard: focus on the summary, then Enter."""
    await page.evaluate("document.querySelector('#agreement summary').focus()")
    await page.press("Enter", 13)
    await page.until("document.querySelector('#agreement').open")


async def sends_picture(page: Page) -> bool:
    track = "document.querySelector('#exam-preview').srcObject.getVideoTracks()[0]"
    return bool(await page.evaluate(f"{track}.enabled"))


def test_a_withdrawal_is_asked_about_once_by_keyboard_and_can_be_taken_back(browser: Browser) -> None:
    async def scene(page: Page, stand: Stand) -> None:
        await sit_exam(page, stand)
        await open_agreement(page)
        await page.evaluate(f"document.querySelector('{CAMERA_BUTTON}').focus()")
        await page.press("Enter", 13)
        await page.until("document.querySelector('#withdraw-dialog').open")
        assert await page.evaluate("document.activeElement.id") == "withdraw-no"
        assert "no longer be looked at" in await page.text("#withdraw-what")
        await page.press("Enter", 13)  # keep it
        await page.until("!document.querySelector('#withdraw-dialog').open")
        assert stand.agreed == []
        await page.click(CAMERA_BUTTON)
        await page.click("#withdraw-yes")
        await page.until("document.querySelector('#agreement-state').textContent !== ''")
        [(purpose, said)] = stand.agreed
        assert (purpose, said.given, said.confirm) == ("camera-monitoring", False, True)
        assert said.text_version == NOTICE.version
        assert await page.text("#agreement-state") == "Your exam goes on."
        assert "Camera picture: withdrawn." in await page.text("#agreement-list")
        label = f"document.querySelector('{CAMERA_BUTTON}').getAttribute('aria-label')"
        assert await page.evaluate(label) == "Agree again: Camera picture"
        assert await page.evaluate(f"document.activeElement === document.querySelector('{CAMERA_BUTTON}')")
        assert not await sends_picture(page)
        await page.click(CAMERA_BUTTON)
        await page.until("document.querySelector('#agreement-list').textContent.includes('picture: agreed')")
        assert [said.given for _, said in stand.agreed] == [False, True]
        assert await sends_picture(page)
        assert page.complaints == []

    play(browser, scene)


def test_a_withdrawal_that_is_not_recorded_says_so_and_changes_nothing(browser: Browser) -> None:
    async def scene(page: Page, stand: Stand) -> None:
        await sit_exam(page, stand)
        await open_agreement(page)
        stand.refuse_agreement = True
        await page.click(CAMERA_BUTTON)
        await page.click("#withdraw-yes")
        await page.until("document.querySelector('#agreement-error').textContent !== ''")
        assert "Camera picture: agreed." in await page.text("#agreement-list")
        assert await sends_picture(page)

    play(browser, scene)


def test_a_withdrawal_made_elsewhere_shows_on_the_page(browser: Browser) -> None:
    async def scene(page: Page, stand: Stand) -> None:
        await sit_exam(page, stand)
        await until(lambda: bool(stand.listeners), "the page listens")
        message = notice("event-1", "Your microphone is no longer listened to.")
        changed = {"type": "message", "event_type": "CONSENT_WITHDRAWN", "purpose": "speech-detection"}
        await stand.tell(message | changed)
        await page.until("document.querySelector('#agreement-list').textContent.includes('withdrawn')")
        assert "no longer listened to" in await page.text("#messages")

    play(browser, scene)


def test_a_pause_shows_that_nothing_is_watched_until_the_exam_goes_on(browser: Browser) -> None:
    async def scene(page: Page, stand: Stand) -> None:
        await sit_exam(page, stand)
        await until(lambda: bool(stand.listeners), "the page listens")
        beat = {"type": "heartbeat", "session_id": "s", "status": "active", "stats": {}}
        await stand.tell(beat | {"paused": True})
        await page.until("document.querySelector('#link-state').dataset.state === 'paused'")
        assert await page.text("#exam-heading") == "Your exam is paused"
        assert await page.text("#link-state") == (
            "Paused. Nothing is watched or listened to until the exam goes on."
        )
        assert await page.evaluate("document.querySelector('#link-state').getAttribute('role')") == "status"
        word = notice("event-1", "Your exam goes on.") | {"type": "message", "event_type": "PROCTOR_RESUME"}
        await stand.tell(word)
        await page.until("document.querySelector('#link-state').dataset.state === 'connected'")
        await stand.tell(beat | {"paused": True})  # said before the node had heard of it
        await stand.tell(notice("event-2", "Please move into the light."))
        await page.until("document.querySelector('#messages').textContent.includes('light')")
        assert await page.text("#exam-heading") == "Your exam is running"
        assert page.complaints == []

    play(browser, scene)

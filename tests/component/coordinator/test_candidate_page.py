"""The candidate's page in a real Chromium, against an edge node's real signaling and media."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime

import pytest

from coordinator.sessions.binding import check_number
from shared.api.privacy import RequestRefusal
from shared.api.sessions import IceServerOut
from shared.errors import Rejected
from tests.support.axe import broken_rules, needs_axe
from tests.support.chromium import Browser, Page, needs_chromium
from tests.support.eventually import undisturbed, until
from tests.support.exam_stand import NOTICE, SESSION, TOKEN, Stand, exam_stand, notice
from tests.support.slow_uplink import slow_uplink

pytestmark = [pytest.mark.browser, needs_chromium, needs_axe]

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


def test_a_dead_link_says_so_and_what_to_do(browser: Browser) -> None:
    async def scene(page: Page, stand: Stand) -> None:
        stand.dead = (410, "join-code-replaced", "There is a newer link.")
        await page.goto(stand.join_url)
        await page.until("!document.querySelector('#problem').hidden")
        assert await page.text("#problem-text") == "There is a newer link."
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
        await page.press(" ", 32)
        await page.click("#notice-form button")
        await page.until("!document.querySelector('#check').hidden")
        assert stand.acknowledged == []
        await page.click("#devices-on")
        await page.click("#start")
        await until(lambda: bool(stand.acknowledged), "the notice is acknowledged with the start")
        (said,) = stand.acknowledged
        assert said.notice_version == NOTICE.version
        assert said.purposes == NOTICE.purposes

    play(browser, scene)


def test_the_notice_leads_to_how_the_software_works(browser: Browser) -> None:
    async def scene(page: Page, stand: Stand) -> None:
        await read_notice(page, stand)
        link = await page.evaluate("document.querySelector('#notice-how').href")
        assert link == f"{stand.url}/how-it-works"
        await page.goto(link)
        assert await page.text("h1") == "How AI proctoring works"
        assert "not measured" in await page.text("main")
        assert await page.evaluate("getComputedStyle(document.querySelector('.wide')).overflowX") == "auto"
        assert await broken_rules(page) == []
        assert page.complaints == []

    play(browser, scene)


@pytest.mark.parametrize(
    ("refusal", "reason", "told"),
    [
        ("NotAllowedError", "is not allowed to use your camera", "refused"),
        ("NotFoundError", "No camera or no microphone was found", "missing"),
        ("NotReadableError", "Another program seems to be using", "busy"),
    ],
)
def test_refused_devices_are_explained_told_to_staff_and_can_be_tried_again(
    browser: Browser, refusal: str, reason: str, told: str
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
        await until(lambda: stand.cameras == [told], "staff learn why no picture comes")
        await page.evaluate("navigator.mediaDevices.getUserMedia = navigator.mediaDevices.ask")
        await page.click("#devices-on")
        await page.until("document.querySelector('#start').checkVisibility()")
        await until(lambda: stand.cameras == [told, "on"], "staff learn that the camera is on")
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

    undisturbed(lambda: play(browser, scene))


def test_a_page_asks_for_its_node_and_connects_to_another_one(browser: Browser) -> None:
    async def scene(page: Page, stand: Stand) -> None:
        await sit_exam(page, stand)
        await frames(stand, 0, 5)
        stand.moved = True
        await stand.seats[0].peer.close()
        await until(lambda: stand.next_seats and stand.next_seats[0].peer.frame_count >= 5, "media there")
        assert (stand.routes_asked[0], len(stand.seats)) == (0, 1)
        stand.moved = False
        await stand.tell({"type": "reroute", "session_id": "EXAM-7 anna"})
        await frames(stand, 1, 5)
        await page.until("document.querySelector('#link-state').dataset.state === 'connected'")

    undisturbed(lambda: play(browser, scene))


def test_a_page_without_an_answer_goes_back_to_its_own_node(browser: Browser) -> None:
    async def scene(page: Page, stand: Stand) -> None:
        await sit_exam(page, stand)
        stand.route_away = True
        await stand.seats[0].peer.close()
        await frames(stand, 1, 5)

    undisturbed(lambda: play(browser, scene))


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
        await asyncio.sleep(0.2)  # no hand is quicker
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


def test_a_candidate_reads_what_is_stored_and_asks_for_its_deletion_by_keyboard(browser: Browser) -> None:
    async def scene(page: Page, stand: Stand) -> None:
        await sit_exam(page, stand)
        await page.evaluate("document.querySelector('#own-data summary').focus()")
        await page.press("Enter", 13)
        await page.until("document.querySelector('#own-list').children.length === 2")
        assert "Notes about what stood out in your exams: 2" in await page.text("#own-list")
        assert "have not asked" in await page.text("#own-request")
        assert await broken_rules(page) == []
        await page.evaluate("document.querySelector('#own-delete').focus()")
        await page.press("Enter", 13)
        await page.until("document.querySelector('#erase-dialog').open")
        assert await page.evaluate("document.activeElement.id") == "erase-no"
        await page.press("Enter", 13)  # not asked
        await page.until("!document.querySelector('#erase-dialog').open")
        assert stand.requests == []
        stand.refuse_request = True
        await page.click("#own-delete")
        await page.click("#erase-yes")
        await page.until("document.querySelector('#own-error').textContent !== ''")
        assert "have not asked" in await page.text("#own-request")
        stand.refuse_request = False
        await page.click("#own-delete")
        await page.click("#erase-yes")
        await page.until("document.querySelector('#own-delete').hidden")
        said = await page.text("#own-request")
        assert "Somebody at your institution decides" in said
        assert await page.evaluate("document.activeElement.closest('#own-data summary') !== null")
        # An officer has refused; the page says so when that part is opened again.
        decided = {"state": "refused", "decided_at": datetime(2026, 12, 1, tzinfo=UTC)}
        stand.requests[-1] = stand.requests[-1].model_copy(
            update={**decided, "refusal": RequestRefusal.LEGAL_CLAIMS}
        )
        for _ in range(2):
            await page.evaluate("document.querySelector('#own-data summary').click()")
        await page.until("document.querySelector('#own-request').textContent.includes('refused')")
        assert "needed for a legal claim" in await page.text("#own-request")
        assert not await page.evaluate("document.querySelector('#own-delete').hidden")
        assert [one for one in page.complaints if "503" not in one] == []

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
        word = notice("event-3", "A break.") | {"type": "message", "event_type": "PROCTOR_PAUSE"}
        await stand.tell(word)
        await page.until("document.querySelector('#link-state').dataset.state === 'paused'")
        await stand.tell(beat | {"paused": False})  # said before the node had heard of it
        await stand.tell(notice("event-4", "Please wait."))
        await page.until("document.querySelector('#messages').textContent.includes('wait')")
        assert await page.text("#exam-heading") == "Your exam is paused"
        assert page.complaints == []

    play(browser, scene)


async def connected(page: Page) -> None:
    """Wait until the page is connected."""
    await page.until("document.querySelector('#link-state').dataset.state === 'connected'")


def test_loading_the_page_opens_nothing_and_the_start_binds_a_key_that_cannot_be_read(
    browser: Browser,
) -> None:
    async def scene(page: Page, stand: Stand) -> None:
        await acknowledge(page, stand)
        await page.click("#devices-on")
        assert (stand.opened, stand.bound, stand.seats) == (0, None, [])
        await page.click("#start")
        await connected(page)
        assert stand.opened == 1
        assert stand.bound is not None
        stored = await page.evaluate(
            "new Promise((resolve) => { const asked = indexedDB.open('proctor');"
            " asked.onsuccess = () => { const all = asked.result.transaction('devices')"
            ".objectStore('devices').getAll(); all.onsuccess = () => resolve("
            "all.result.map(({ privateKey }) => [privateKey.extractable, privateKey.type])); }; })"
        )
        assert stored == [[False, "private"]]
        assert TOKEN not in str(await page.evaluate("JSON.stringify({ ...sessionStorage, ...localStorage })"))
        assert page.complaints == []

    play(browser, scene)


def test_a_reload_goes_on_by_itself_and_brings_the_messages_and_the_pause_back(browser: Browser) -> None:
    async def scene(page: Page, stand: Stand) -> None:
        await sit_exam(page, stand)
        stand.told = [notice("early", "Please move into the light.")]
        stand.paused_at = datetime.now(UTC)
        await page.goto(f"{stand.url}/join")
        await page.until("document.querySelector('#link-state').dataset.state === 'paused'")
        assert await page.text("#exam-heading") == "Your exam is paused"
        await page.until("document.querySelectorAll('#messages li').length === 1")
        assert "move into the light" in await page.text("#messages")
        assert stand.opened == 2
        await frames(stand, len(stand.seats) - 1, 5)
        assert len(set(stand.tabs)) == 2

    play(browser, scene)


def test_without_a_lasting_permission_a_reload_needs_one_click(browser: Browser) -> None:
    async def scene(page: Page, stand: Stand) -> None:
        await page.command(
            "Page.addScriptToEvaluateOnNewDocument",
            source="navigator.permissions.query = async () => ({ state: 'prompt' })",
        )
        await sit_exam(page, stand)
        await page.goto(f"{stand.url}/join")
        await page.until("!document.querySelector('#resume').hidden")
        assert await broken_rules(page) == []
        await page.press("Tab", 9)
        assert await page.evaluate("document.activeElement.id") == "continue"
        await page.press("Enter", 13)
        await connected(page)

    play(browser, scene)


def test_a_link_that_is_opened_again_on_its_device_needs_one_click(browser: Browser) -> None:
    async def scene(page: Page, stand: Stand) -> None:
        await sit_exam(page, stand)
        await page.evaluate("sessionStorage.clear()")  # as in another window of the browser
        await page.goto("about:blank")
        await page.goto(stand.join_url)
        await page.click("#continue")
        await connected(page)
        assert stand.opened == 2

    play(browser, scene)


def test_another_device_asks_and_goes_on_when_it_is_approved(browser: Browser) -> None:
    async def scene(page: Page, stand: Stand) -> None:
        stand.bound = "the key of another device"
        await page.goto(stand.join_url)
        await page.until("!document.querySelector('#ask').hidden")
        assert await page.text("#ask h1") == "Your exam was started on another device"
        assert stand.asked == []
        assert await broken_rules(page) == []
        await page.press("Tab", 9)
        assert await page.evaluate("document.activeElement.id") == "ask-device"
        await page.press("Enter", 13)
        await until(lambda: bool(stand.asked), "the device asks")
        number = check_number(stand.asked[0])
        await page.until(f"document.querySelector('#ask-state').textContent.includes('{number}')")
        assert await page.evaluate("document.querySelector('#ask-state').getAttribute('role')") == "status"
        assert await broken_rules(page) == []
        await page.goto(f"{stand.url}/join")  # a reload still waits
        await page.until(f"document.querySelector('#ask-state').textContent.includes('{number}')")
        stand.approve()
        await page.until("!document.querySelector('#check').hidden")
        await page.click("#devices-on")
        await page.click("#start")
        await connected(page)
        assert stand.opened == 1

    play(browser, scene)


def test_the_earlier_device_is_told_that_the_exam_goes_on_elsewhere(browser: Browser) -> None:
    async def scene(page: Page, stand: Stand) -> None:
        await sit_exam(page, stand)
        await until(lambda: bool(stand.listeners), "the page listens")
        stand.bound = "another"
        await stand.tell({"type": "moved", "session_id": "s"})
        await page.until("!document.querySelector('#closed').hidden")
        assert await page.text("#closed h1") == "Your exam continues on another device"
        assert await page.evaluate("document.querySelector('#exam-preview').srcObject.active") is False

    play(browser, scene)


@pytest.mark.parametrize(
    ("code", "bound", "dead", "heading"),
    [
        ("device-moved", "another", None, "Your exam continues on another device"),
        ("session-ended", None, (410, "session-ended", "It is over."), "The session has ended"),
    ],
)
def test_a_page_that_the_node_ends_learns_why(
    browser: Browser, code: str, bound: str | None, dead: tuple[int, str, str] | None, heading: str
) -> None:
    async def scene(page: Page, stand: Stand) -> None:
        await sit_exam(page, stand)
        stand.bound, stand.dead = bound or stand.bound, dead
        stand.refuse_seats = Rejected("not any more", code=code, status=401)
        await stand.seats[0].peer.close()
        await page.until("!document.querySelector('#closed').hidden")
        assert await page.text("#closed h1") == heading

    play(browser, scene)


def test_a_node_that_has_lost_the_session_for_a_moment_ends_no_exam(browser: Browser) -> None:
    async def scene(page: Page, stand: Stand) -> None:
        await sit_exam(page, stand)
        stand.refuse_seats = Rejected("no such session", code="session-unknown", status=404)
        await stand.seats[0].peer.close()
        await page.until("document.querySelector('#link-state').dataset.state === 'waiting'")
        await asyncio.sleep(4)
        stand.refuse_seats = None
        await page.until("document.querySelector('#link-state').dataset.state === 'connected'")
        assert await page.evaluate("document.querySelector('#closed').hidden") is True

    play(browser, scene)


def test_two_windows_do_not_evict_each_other_for_ever(browser: Browser) -> None:
    async def scene(page: Page, stand: Stand) -> None:
        stand.one_at_a_time = True
        await sit_exam(page, stand)
        stand.seats[0].replaced.set()  # another window of the same browser has connected
        await page.until("!document.querySelector('#elsewhere').hidden")
        assert await page.text("#elsewhere h1") == "Your exam is open in another window"
        assert await broken_rules(page) == []
        await asyncio.sleep(5)
        assert len(stand.seats) == 1  # it does not come back by itself
        assert await page.evaluate("document.querySelector('#exam-preview').srcObject.active") is False
        await page.press("Tab", 9)
        assert await page.evaluate("document.activeElement.id") == "use-here"
        await page.press("Enter", 13)
        await connected(page)
        await frames(stand, 1, 5)
        assert set(stand.tabs) == {stand.tabs[0]}  # the same window as before

    play(browser, scene)


SERVERS_USED = """
window.used = [];
window.RTCPeerConnection = class extends RTCPeerConnection {
  constructor(config) {
    super(config);
    window.used.push(config.iceServers.map(({ username }) => username));
  }
};
"""
"""Notes with which servers each connection is made."""


def relay(until_s: int) -> IceServerOut:
    """A relay that does not answer, with a password made for this session."""
    return IceServerOut(urls="turn:127.0.0.1:9", username=f"{until_s}:{SESSION}", credential="secret")


@pytest.mark.parametrize("how", ["told", "in time"])
def test_a_page_of_an_extended_session_connects_again_with_the_relays_fresh_password(
    browser: Browser, how: str
) -> None:
    """It hears of extra time, or its password is about to end although the exam still runs."""

    async def scene(page: Page, stand: Stand) -> None:
        now_s = int(datetime.now(UTC).timestamp())
        end_s, later_s = now_s + (3_600 if how == "told" else 200), now_s + 7_200
        stand.ice_servers = [relay(end_s)]
        await acknowledge(page, stand)
        await page.evaluate(SERVERS_USED)
        await page.click("#devices-on")
        await page.until("!document.querySelector('#check-panel').hidden")
        stand.opens = lambda: setattr(stand, "ice_servers", [relay(later_s)])
        await page.click("#start")
        await page.until("document.querySelector('#link-state').dataset.state === 'connected'")
        if how == "told":
            assert stand.opened == 1
            notice_of_time = {
                "type": "notice",
                "event_type": "PROCTOR_EXTRA_TIME",
                "message": "Five minutes more.",
            }
            await stand.tell(notice_of_time)
        await until(lambda: stand.opened == 2, "the fresh password")
        await stand.seats[0].peer.close()
        await frames(stand, 1, 1)
        used = await page.evaluate("window.used")
        # A password that is about to end is replaced at once, on a slow machine before the page connects.
        assert how != "told" or used[0] == [f"{end_s}:{SESSION}"]
        assert used[-1] == [f"{later_s}:{SESSION}"]
        assert stand.opened == 2, "once is enough"

    play(browser, scene)


TRACK = "document.querySelector('#exam-preview').srcObject.get{kind}Tracks()[0]"


@pytest.mark.parametrize(("kind", "device"), [("Video", "camera"), ("Audio", "microphone")])
def test_a_device_that_is_unplugged_is_asked_for_and_goes_on_when_it_is_plugged_in(
    browser: Browser, kind: str, device: str
) -> None:
    async def scene(page: Page, stand: Stand) -> None:
        await sit_exam(page, stand)
        await frames(stand, 0, 5)
        track = TRACK.format(kind=kind)
        await page.evaluate(
            "navigator.mediaDevices.ask = navigator.mediaDevices.getUserMedia,"
            " navigator.mediaDevices.getUserMedia ="
            " async () => { throw new DOMException('gone', 'NotFoundError') }"
        )
        await page.evaluate(f"{track}.stop(), {track}.dispatchEvent(new Event('ended')), true")
        await page.until(f"document.querySelector('#link-state').dataset.state === '{device}-gone'")
        assert f"Your {device} has stopped. Plug it in" in await page.text("#link-state")
        assert await page.evaluate("document.querySelector('#devices-again').checkVisibility()")
        await asyncio.sleep(5)
        assert len(stand.seats) == 1  # the other device is still sent: nothing is connected anew
        await page.evaluate("navigator.mediaDevices.getUserMedia = navigator.mediaDevices.ask")
        before = stand.seats[0].peer.frame_count
        await page.evaluate("navigator.mediaDevices.dispatchEvent(new Event('devicechange'))")
        await page.until("document.querySelector('#link-state').dataset.state === 'connected'")
        assert await page.evaluate(f"{track}.readyState") == "live"
        await frames(stand, 0, before + 5)
        assert await page.evaluate("document.querySelector('#devices-again').hidden") is True

    play(browser, scene)


def test_a_muted_device_is_named_and_its_end_too(browser: Browser) -> None:
    async def scene(page: Page, stand: Stand) -> None:
        await sit_exam(page, stand)
        track = TRACK.format(kind="Video")
        muted = "Object.defineProperty({track}, 'muted', {{ value: {value}, configurable: true }})"
        for value, event, state in (("true", "mute", "camera-silent"), ("false", "unmute", "connected")):
            await page.evaluate(muted.format(track=track, value=value) + ", true")
            await page.evaluate(f"{track}.dispatchEvent(new Event('{event}'))")
            await page.until(f"document.querySelector('#link-state').dataset.state === '{state}'")

    play(browser, scene)


@pytest.mark.realtime
@pytest.mark.parametrize("delay_s", [2.0, 3.0])
def test_an_uplink_that_is_seconds_late_connects_and_stays(browser: Browser, delay_s: float) -> None:
    async def scene(page: Page, stand: Stand) -> None:
        async with slow_uplink(stand, delay_s):
            await acknowledge(page, stand)
            await page.click("#devices-on")
            await page.click("#start")
            await page.until("document.querySelector('#link-state').dataset.state === 'connected'", 60)
            await frames(stand, len(stand.seats) - 1, 5)
            settled = len(stand.seats)
            await asyncio.sleep(15)
            assert len(stand.seats) == settled
            assert stand.seats[-1].peer.frame_count > 100
            assert await page.evaluate("document.querySelector('#link-state').dataset.state") == "connected"
            assert settled == 1

    play(browser, scene)

"""A candidate's browser through a whole exam: real Chromium, coordinator, nats-server, edge node, networks.

The browser's camera plays the rehearsal's empty chair over and over, so the node has something to say.
"""

from __future__ import annotations

import asyncio
import re
from importlib.util import find_spec
from pathlib import Path

import pytest

from shared.api.alerts import TimelineOut
from shared.events.types import EventType
from tests.support.camera_files import camera_files
from tests.support.chromium import FakeDevices, Page, needs_chromium, running_browser
from tests.support.weights import faces_label
from tests.support.whole import Whole

pytestmark = [
    pytest.mark.browser,
    pytest.mark.weights,
    needs_chromium,
    pytest.mark.skipif(find_spec("skimage") is None, reason="scikit-image (extra `demo`) is not installed"),
]

EMPTY_CHAIR_S = (50.0, 62.0)
CANDIDATE = "anna"


@pytest.fixture(scope="module")
def camera(tmp_path_factory: pytest.TempPathFactory) -> FakeDevices:
    return camera_files(tmp_path_factory.mktemp("camera"), *EMPTY_CHAIR_S)


def test_a_candidate_sits_an_exam_in_a_real_browser(site: Whole, camera: FakeDevices, tmp_path: Path) -> None:
    site.enroll(CANDIDATE, tmp_path)
    session = site.start(CANDIDATE)
    looks = site.metric("frames_processed_total", model=faces_label())

    async def sit() -> None:
        async with browser.page() as page:
            await page.goto(session.join_url)
            await _begin(page)
            await _hear_of_the_empty_chair(page)
            await page.click("#end")
            await page.click("#end-yes")
            await page.until("!document.querySelector('#closed').hidden")
            assert await page.text("#closed h1") == "You have finished"
            assert page.complaints == []

    with running_browser(tmp_path / "profile", camera) as browser:
        asyncio.run(sit())
    assert site.metric("frames_processed_total", model=faces_label()) > looks
    timeline = site.client.alerts.timeline(session.session_id)
    assert timeline.session.status == "ended"
    assert {EventType.NOTICE_ACKNOWLEDGED, EventType.FACE_NOT_FOUND, EventType.SUBMITTED} <= _events(timeline)


async def _begin(page: Page) -> None:
    await page.until("!document.querySelector('#notice').hidden")
    await page.evaluate("document.querySelectorAll('#purpose-list input').forEach((box) => box.click())")
    await page.click("#notice-form button")
    await page.click("#devices-on")
    await page.click("#start")
    await page.until("document.querySelector('#link-state').dataset.state === 'connected'")


async def _hear_of_the_empty_chair(page: Page) -> None:
    """The candidate is told gently, once, and without a figure."""
    await page.until("document.querySelector('#messages li') !== null")
    # The other road has had its time to bring the same message again.
    await asyncio.sleep(2)
    texts = await page.evaluate(
        "[...document.querySelectorAll('#messages li')].map((item) => item.firstChild.textContent)"
    )
    assert len(texts) == len(set(texts))
    for text in texts:
        assert not re.search(r"\d|score|threshold|suspicio|cheat", text, re.IGNORECASE), text


def _events(timeline: TimelineOut) -> set[EventType]:
    return {item.event_type for item in timeline.items}

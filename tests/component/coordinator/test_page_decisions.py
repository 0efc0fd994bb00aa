"""What the candidate's page decides without a network: when media are silent, how long to wait."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from tests.support.chromium import Browser, needs_chromium
from tests.support.exam_stand import exam_stand

pytestmark = [pytest.mark.browser, needs_chromium]

SCRIPT = """
import("/join/silence.js").then(({ Silence, silentAfter, waitBefore }) => {
  const play = (samples) => {
    const silence = new Silence();
    return samples.map(([now_s, sent, received]) => silence.observe({ sent, received }, now_s));
  };
  return {
    flowing: play([[100, 1, 1], [101, 2, 2], [104, 3, 3]]),
    late: [0, 2, 30].map(silentAfter),
    nothingSent: play([[100, 1, 1], [102, 1, 2], [103.5, 1, 3]]),
    nothingHeard: play([[100, 1, 1], [102, 2, 1], [103.5, 3, 1], [104, 4, 2]]),
    waits: [0, 1, 2, 3, 9, 40].map((attempt) => [waitBefore(attempt, 0), waitBefore(attempt, 1)]),
  };
})
"""


def test_silence_and_waiting_times(browser: Browser) -> None:
    async def run() -> dict[str, Any]:
        async with exam_stand() as stand, browser.page() as page:
            await page.goto(f"{stand.url}/join")
            decided: dict[str, Any] = await page.evaluate(SCRIPT)
            return decided

    decided = asyncio.run(run())
    assert decided["flowing"] == [0, 0, 0]
    assert decided["late"] == [3, 5, 13]  # the node's reports come later on a slow uplink
    assert decided["nothingSent"] == [0, 2, 3.5]
    assert decided["nothingHeard"] == [0, 2, 3.5, 0]
    assert decided["waits"][0] == pytest.approx([0, 0.3])
    assert decided["waits"][1] == pytest.approx([0.25, 0.5])
    assert decided["waits"][3] == pytest.approx([0.5625, 1.125])
    assert decided["waits"][4] == decided["waits"][5] == [2, 4]

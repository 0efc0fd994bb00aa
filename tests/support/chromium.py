"""A real headless Chromium, driven over its DevTools socket: as much as page tests need, and no more."""

from __future__ import annotations

import asyncio
import contextlib
import itertools
import json
import os
import shutil
import time
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
from websockets.asyncio.client import ClientConnection, connect

BINARY = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
needs_chromium = pytest.mark.skipif(BINARY is None, reason="no Chromium is installed (Debian: chromium)")

_START_S = 30.0
_COMMAND_S = 20.0
_LOOK_EVERY_S = 0.05
_FLAGS = (
    "--headless=new",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--disable-dev-shm-usage",
    "--remote-debugging-port=0",
    "--window-size=900,1000",
)


@dataclass(frozen=True, slots=True)
class FakeDevices:
    """What the browser takes for its camera and microphone; permission is given without asking."""

    video: Path | None = None
    """Motion-JPEG; None for the browser's own test picture."""
    audio: Path | None = None

    def flags(self) -> list[str]:
        flags = ["--use-fake-ui-for-media-stream", "--use-fake-device-for-media-stream"]
        if self.video is not None:
            flags.append(f"--use-file-for-fake-video-capture={self.video}")
        if self.audio is not None:
            flags.append(f"--use-file-for-fake-audio-capture={self.audio}")
        return flags


@dataclass(slots=True)
class Page:
    """One tab. `complaints` collects uncaught exceptions, console errors and refusals by content policy."""

    _socket: ClientConnection
    complaints: list[str] = field(default_factory=list)
    _numbers: itertools.count[int] = field(default_factory=lambda: itertools.count(1))
    _answers: dict[int, asyncio.Future[dict[str, Any]]] = field(default_factory=dict)

    async def goto(self, url: str) -> None:
        """Open an address and wait until its document is there."""
        await self.command("Page.navigate", url=url)
        await self.until("document.readyState === 'complete'")

    async def evaluate(self, expression: str) -> Any:
        """The value of a JavaScript expression; a promise is awaited. Fails where the script throws."""
        answer = await self.command(
            "Runtime.evaluate",
            expression=expression,
            awaitPromise=True,
            returnByValue=True,
            userGesture=True,
        )
        if "exceptionDetails" in answer:
            raise AssertionError(f"{expression}: {answer['exceptionDetails']}")
        return answer["result"].get("value")

    async def until(self, expression: str, within_s: float = 15.0) -> Any:
        """Wait until an expression is true; its value. Fails with the page's text when it never is."""
        deadline = time.monotonic() + within_s
        # A page being replaced has no document for a moment: that counts as not yet.
        while not (value := await self.evaluate(f"Boolean(document.body) && ({expression})")):
            if time.monotonic() > deadline:
                text = await self.evaluate("document.body?.innerText")
                raise AssertionError(f"never true: {expression}\n{text}\n{self.complaints}")
            await asyncio.sleep(_LOOK_EVERY_S)
        return value

    async def click(self, selector: str) -> None:
        await self.until(f"document.querySelector({json.dumps(selector)})?.checkVisibility()")
        await self.evaluate(f"document.querySelector({json.dumps(selector)}).click()")

    async def text(self, selector: str) -> str:
        return str(await self.evaluate(f"document.querySelector({json.dumps(selector)}).innerText"))

    async def press(self, key: str, code: int) -> None:
        """One key with its virtual code, as a hand on the keyboard would."""
        text = {"text": " "} if key == " " else {"text": "\r"} if key == "Enter" else {}
        for kind in ("keyDown", "keyUp"):
            await self.command(
                "Input.dispatchKeyEvent", type=kind, key=key, windowsVirtualKeyCode=code, **text
            )

    async def read(self) -> None:
        """Takes what the browser says until the socket closes; the tab's owner runs it."""
        async for text in self._socket:
            message = json.loads(text)
            if (number := message.get("id")) is not None:
                answered = self._answers.pop(number)
                if not answered.done():
                    answered.set_result(message)
            elif (complaint := _complaint(message)) is not None:
                self.complaints.append(complaint)

    async def command(self, method: str, **parameters: Any) -> dict[str, Any]:
        """Any DevTools command; its result."""
        number = next(self._numbers)
        self._answers[number] = asyncio.get_running_loop().create_future()
        await self._socket.send(json.dumps({"id": number, "method": method, "params": parameters}))
        message = await asyncio.wait_for(self._answers[number], _COMMAND_S)
        if "error" in message:
            raise AssertionError(f"{method}: {message['error']['message']}")
        result: dict[str, Any] = message["result"]
        return result


def _complaint(message: dict[str, Any]) -> str | None:
    parameters = message.get("params", {})
    if message.get("method") == "Runtime.exceptionThrown":
        details = parameters["exceptionDetails"]
        return str(details.get("exception", {}).get("description", details["text"]))
    if message.get("method") == "Log.entryAdded" and parameters["entry"]["level"] == "error":
        return f"{parameters['entry']['text']} {parameters['entry'].get('url', '')}"
    return None


@contextlib.asynccontextmanager
async def open_page(profile: Path, devices: FakeDevices | None = None) -> AsyncIterator[Page]:
    """A fresh browser with one empty tab, gone at the end. `profile` is a folder of its own."""
    assert BINARY is not None
    flags = [*_FLAGS, f"--user-data-dir={profile}", *(devices.flags() if devices else [])]
    if os.geteuid() == 0:
        flags.append("--no-sandbox")  # Chromium's sandbox refuses to run as root
    browser = await asyncio.create_subprocess_exec(
        BINARY, *flags, "about:blank", stdout=asyncio.subprocess.DEVNULL, stderr=asyncio.subprocess.DEVNULL
    )
    try:
        async with connect(await _tab_address(profile), max_size=None) as socket:
            page = Page(socket)
            reading = asyncio.create_task(page.read())
            try:
                for domain in ("Page", "Runtime", "Log"):
                    await page.command(f"{domain}.enable")
                yield page
            finally:
                reading.cancel()
                await asyncio.gather(reading, return_exceptions=True)
    finally:
        if browser.returncode is None:
            browser.terminate()
        try:
            await asyncio.wait_for(browser.wait(), 10)
        except TimeoutError:
            browser.kill()
            await browser.wait()


async def _tab_address(profile: Path) -> str:
    """The DevTools address of the first tab, from the file in which the browser writes its port."""
    async with asyncio.timeout(_START_S):
        while True:
            with contextlib.suppress(OSError, ValueError, LookupError):
                port, path = (profile / "DevToolsActivePort").read_text().split()
                return await _first_tab(f"ws://127.0.0.1:{port}{path}", int(port))
            await asyncio.sleep(_LOOK_EVERY_S)


async def _first_tab(browser_address: str, port: int) -> str:
    async with connect(browser_address) as socket:
        await socket.send(json.dumps({"id": 1, "method": "Target.getTargets"}))
        targets = json.loads(await socket.recv())["result"]["targetInfos"]
    tab = next(target for target in targets if target["type"] == "page")
    return f"ws://127.0.0.1:{port}/devtools/page/{tab['targetId']}"

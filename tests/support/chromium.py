"""A real headless Chromium, driven over its DevTools socket: as much as page tests need, and no more."""

from __future__ import annotations

import asyncio
import contextlib
import itertools
import json
import os
import shutil
import signal
import subprocess
import time
from collections.abc import AsyncIterator, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
from websockets.asyncio.client import ClientConnection, connect

# The same engine without window, tabs and extensions takes a quarter of the processor.
_PROGRAMS = ("chromium-headless-shell", "chromium", "chromium-browser", "google-chrome")
BINARY = next(filter(None, map(shutil.which, _PROGRAMS)), None)
needs_chromium = pytest.mark.skipif(
    BINARY is None, reason="no Chromium is installed (Debian: chromium-headless-shell)"
)

_START_S = 90.0
_COMMAND_S = 60.0
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
)
_WINDOW_PX = {"width": 900, "height": 1000}


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

    async def until(self, expression: str, within_s: float = 60.0) -> Any:
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
            elif message.get("method") == "Page.javascriptDialogOpening":
                # The question whether to leave a page: who loads anew says yes. Nothing answers until then.
                await self._ask("Page.handleJavaScriptDialog", {"accept": True})
            elif (complaint := _complaint(message)) is not None:
                self.complaints.append(complaint)

    async def command(self, method: str, **parameters: Any) -> dict[str, Any]:
        """Any DevTools command; its result."""
        message = await asyncio.wait_for(await self._ask(method, parameters), _COMMAND_S)
        if "error" in message:
            raise AssertionError(f"{method}: {message['error']['message']}")
        result: dict[str, Any] = message["result"]
        return result

    async def _ask(self, method: str, parameters: dict[str, Any]) -> asyncio.Future[dict[str, Any]]:
        number = next(self._numbers)
        answer = self._answers[number] = asyncio.get_running_loop().create_future()
        await self._socket.send(json.dumps({"id": number, "method": method, "params": parameters}))
        return answer


def _complaint(message: dict[str, Any]) -> str | None:
    parameters = message.get("params", {})
    if message.get("method") == "Runtime.exceptionThrown":
        details = parameters["exceptionDetails"]
        return str(details.get("exception", {}).get("description", details["text"]))
    if message.get("method") == "Log.entryAdded" and parameters["entry"]["level"] == "error":
        return f"{parameters['entry']['text']} {parameters['entry'].get('url', '')}"
    return None


class Browser:
    """One running Chromium for many tests; each page is a tab with cookies and storage of its own."""

    def __init__(self, folder: Path, devices: FakeDevices) -> None:
        """`folder` becomes the browser's profile."""
        self._folder = folder
        self._devices = devices
        self._process: subprocess.Popen[bytes] | None = None
        self._address = ""

    @contextlib.asynccontextmanager
    async def page(self) -> AsyncIterator[Page]:
        """A fresh tab with nothing of any other; gone at the end."""
        if self._process is None or self._process.poll() is not None:
            await asyncio.to_thread(self._start)
        async with connect(f"ws://{self._address}", max_size=None) as socket, _talking(socket) as browser:
            context = (await browser.command("Target.createBrowserContext"))["browserContextId"]
            try:
                await browser.command(
                    "Browser.grantPermissions",
                    browserContextId=context,
                    permissions=["videoCapture", "audioCapture"],
                )
                tab = await browser.command(
                    "Target.createTarget", url="about:blank", browserContextId=context, **_WINDOW_PX
                )
                place = self._address.partition("/")[0]
                async with (
                    connect(f"ws://{place}/devtools/page/{tab['targetId']}", max_size=None) as tab_socket,
                    _talking(tab_socket) as page,
                ):
                    for domain in ("Page", "Runtime", "Log"):
                        await page.command(f"{domain}.enable")
                    yield page
            finally:
                await browser.command("Target.disposeBrowserContext", browserContextId=context)

    def stop(self) -> None:
        """End it, if it was ever started."""
        if self._process is None:
            return
        # All of its processes: what was started may be a script that waits for the browser.
        with contextlib.suppress(ProcessLookupError):
            os.killpg(self._process.pid, signal.SIGKILL)
        self._process.wait()
        self._process = None

    def _start(self) -> None:
        assert BINARY is not None
        port_file = self._folder / "DevToolsActivePort"
        port_file.unlink(missing_ok=True)
        flags = [*_FLAGS, f"--user-data-dir={self._folder}", *self._devices.flags()]
        if os.geteuid() == 0:
            flags.append("--no-sandbox")  # Chromium's sandbox refuses to run as root
        self._process = subprocess.Popen(
            [BINARY, *flags], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, start_new_session=True
        )
        self._address = self._address_in(port_file, self._process)

    def _address_in(self, port_file: Path, process: subprocess.Popen[bytes]) -> str:
        """Host, port and path of the browser's own DevTools socket, from the file it writes."""
        deadline = time.monotonic() + _START_S
        while time.monotonic() < deadline and process.poll() is None:
            with contextlib.suppress(OSError, ValueError):
                port, path = port_file.read_text().split()
                return f"127.0.0.1:{int(port)}{path}"
            time.sleep(_LOOK_EVERY_S)
        raise RuntimeError(f"Chromium did not start: {process.poll()}")


@contextlib.asynccontextmanager
async def _talking(socket: ClientConnection) -> AsyncIterator[Page]:
    """A tab, or the browser itself, listened to for as long as the block runs."""
    page = Page(socket)
    reading = asyncio.create_task(page.read())
    try:
        yield page
    finally:
        reading.cancel()
        await asyncio.gather(reading, return_exceptions=True)


@contextlib.contextmanager
def running_browser(folder: Path, devices: FakeDevices) -> Iterator[Browser]:
    """A browser of its own, for a test that needs a camera of its own."""
    browser = Browser(folder, devices)
    try:
        yield browser
    finally:
        browser.stop()


@pytest.fixture(scope="session")
def browser(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Browser]:
    """One browser for all tests of this process; started at its first page."""
    with running_browser(tmp_path_factory.mktemp("chromium"), FakeDevices()) as shared:
        yield shared

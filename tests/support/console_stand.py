"""The proctors' console in a real browser, on a whole coordinator with one fake node."""

from __future__ import annotations

import asyncio
import io
import shutil
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, Final

import pytest
from PIL import Image, ImageDraw

from shared.alerts import Alert, AlertMetadata, alert_id
from shared.events.table import event_class
from shared.events.types import EventType
from shared.messages.sessions import StartSession
from shared.policy.rules import DEFAULT_RULES
from shared.tokens import Role
from tests.support.album import pictured
from tests.support.chromium import Browser, Page
from tests.support.exam_site import Site
from tests.support.findings import until_stored
from tests.support.nats import RunningServer
from tests.support.served_site import served_site

APART_S: Final = 60.0
"""Between findings, so that each is an incident of its own."""
FOUND: Final = (
    (EventType.FACE_MISMATCH, "The face was unlike the enrolled one.", {"current_similarity": 0.58}),
    (EventType.MULTIPLE_FACES, "Two faces were seen for 6 s.", {"faces": 2}),
    (EventType.LEFT_FRAME, "The shoulders were not visible for 8 s.", {"visible_keypoints": 3}),
    (EventType.VOICE_DETECTED, "Speech was heard for 4 s.", {"speech_seconds": 4.0}),
    (EventType.HEAD_TURNED_AWAY, "The head was turned by 52°.", {"turned_deg": 52.0}),
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Stand:
    """What a test of the console works with."""

    site: Site
    page: Page
    url: str
    pressed: list[str] = field(default_factory=list)
    """Every key since the last look; typed words are not keys."""

    async def open(self, role: Role = Role.PROCTOR, who: str = "ann", **token: Any) -> None:
        """Open the console and sign in."""
        await self.page.goto(f"{self.url}/console")
        await self.sign_in(self.site.token(role, who, **token))
        await self.page.until("!document.querySelector('#signed-in').hidden")

    async def sign_in(self, token: str) -> None:
        """Paste a token and send it by Enter."""
        await self.page.until("document.activeElement !== null && !document.querySelector('#signin').hidden")
        await self.page.evaluate("document.querySelector('#token').focus()")
        await self.page.command("Input.insertText", text=token)
        await self.page.press("Enter", 13)

    async def go(self, place: str) -> None:
        """Another view, as a link would."""
        await self.page.evaluate(f"location.hash = '#/{place}'")

    async def key(self, letter: str) -> None:
        """One single-letter or digit key."""
        self.pressed.append(letter)
        await self.page.press(letter, 13 if letter == "Enter" else ord(letter.upper()))

    async def shown_incident(self, not_this: str = "") -> str:
        """The id of the incident that is shown and can be acted on, another one than the last."""
        acting = "document.querySelector('#incident-acts button') !== null"
        shown = "document.querySelector('#incident').dataset.id"
        return str(await self.page.until(f"{acting} && {shown} !== {not_this!r} && {shown}"))

    async def see(self, text: str, within: str = "main") -> None:
        """Wait until a text is shown."""
        await self.page.until(f"document.querySelector({within!r}).innerText.includes({text!r})")


Scene = Callable[[Stand], Awaitable[None]]
OnConsole = Callable[[Scene], None]


@pytest.fixture
def on_console(migrated_sqlite: Path, hub: RunningServer, browser: Browser, tmp_path: Path) -> OnConsole:
    """Plays a scene on a coordinator of its own, in a fresh tab of the browser."""
    database = tmp_path / "coordinator.db"
    shutil.copyfile(migrated_sqlite, database)

    async def play(scene: Scene) -> None:
        async with asyncio.timeout(150), console_stand(database, hub, browser, tmp_path) as stand:
            await scene(stand)

    return lambda scene: asyncio.run(play(scene))


@asynccontextmanager
async def console_stand(
    database: Path, hub: RunningServer, browser: Browser, folder: Path
) -> AsyncIterator[Stand]:
    """A coordinator under its own address, and an empty tab beside it."""
    async with (
        served_site(f"sqlite:///{database}", hub, folder) as served,
        browser.page() as page,
    ):
        yield Stand(served.site, page, served.url)


async def sat(site: Site, name: str) -> StartSession:
    """A running session of a candidate of its own; what the node was told of it."""
    await site.started(f"SESS-{name}", f"CAND-{name}")
    return site.node.obeyed.newest


async def notice(site: Site, start: StartSession, event: EventType, onset: datetime, **fields: Any) -> None:
    """Let the node report something that lasted six seconds."""
    await site.node.publish(finding(site, start, event, onset, **fields), start, fields.get("revision", 2))


def finding(site: Site, start: StartSession, event: EventType, onset: datetime, **fields: Any) -> Alert:
    """An alert of a session as its node writes it."""
    rule = DEFAULT_RULES[event]
    from_start_s = round((onset - EPOCH).total_seconds(), 3)
    identity = alert_id(start.session_id, event, from_start_s)
    written: dict[str, Any] = {
        "event_id": identity,
        "event_type": event,
        "event_class": event_class(event),
        "severity_score": rule.severity,
        "confidence": 0.93,
        "exam_session_id": start.exam_session_id,
        "candidate_id": start.candidate_id,
        "exam_id": start.exam_id,
        "onset": onset,
        "raised": onset + timedelta(seconds=3),
        "cleared": onset + timedelta(seconds=6),
        "duration": 6.0,
        "evidence": {"duration_seconds": 6.0},
        "evidence_pictures": pictured(identity, drawn_picture()) if rule.severity else (),
        "explanation": "Something was seen.",
        "metadata": _metadata(site),
        "action_required": rule.action,
        "message": "Please look at the screen.",
    }
    return Alert.model_validate(written | {name: fields[name] for name in fields if name != "revision"})


EPOCH: Final = datetime(2026, 11, 22, tzinfo=UTC)


def _metadata(site: Site) -> AlertMetadata:
    return AlertMetadata(
        node=site.node.node_id,
        region="campus",
        models={"face": "scrfd@1", "identity": "arcface@1"},
        device="cpu",
        policy_version=1,
        degradation_level=1,
        trace_id="0" * 32,
    )


async def with_incidents(site: Site, count: int, sessions: int = 5) -> Sequence[StartSession]:
    """So many incidents of one finding each, spread over some sessions, all of them stored."""
    starts = [await sat(site, f"{n:02}") for n in range(sessions)]
    begin = datetime.now(UTC) - timedelta(hours=1)
    for n in range(count):
        event, sentence, evidence = FOUND[n % len(FOUND)]
        onset = begin + timedelta(seconds=APART_S * (n // sessions))
        more = {"explanation": sentence, "evidence": {"duration_seconds": 6.0, **evidence}}
        await notice(site, starts[(n + n // sessions) % sessions], event, onset, **more)

    await until_stored(site, count)
    return starts


def drawn_picture(width: int = 320, height: int = 240) -> bytes:
    """A drawn head and shoulders as JPEG."""
    picture = Image.new("RGB", (width, height), "#6b7f8c")
    draw = ImageDraw.Draw(picture)
    draw.ellipse((60, 170, 260, 400), fill="#33424d")
    draw.ellipse((115, 50, 205, 170), fill="#d9b49a")
    out = io.BytesIO()
    picture.save(out, "JPEG", quality=80)
    return out.getvalue()

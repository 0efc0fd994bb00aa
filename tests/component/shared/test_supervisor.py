"""Daemons tell systemd how they are: heard on a real socket."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest
import uvicorn
from fastapi import FastAPI

from coordinator.config import WebSection
from coordinator.serving import Server
from shared.supervisor import Supervisor
from shared.web_server.doors import Doors
from shared.web_server.doorway import Bounds
from shared.web_server.options import listen
from tests.support.ports import reserved_port
from tests.support.supervising import hearing

SHORT_S = 0.03


def test_beats_go_on_until_they_are_cancelled(tmp_path: Path) -> None:
    async def scenario() -> None:
        with hearing(tmp_path) as heard:
            beating = asyncio.create_task(Supervisor(heard.address, SHORT_S).beat())
            assert [await heard.next() for _ in range(3)] == ["WATCHDOG=1"] * 3
            beating.cancel()
            await asyncio.wait([beating])
            heard.forget()
            Supervisor(heard.address, SHORT_S).stopping()
            assert await heard.next() == "STOPPING=1"

    asyncio.run(scenario())


def test_nothing_beats_where_nobody_asked(tmp_path: Path) -> None:
    async def scenario() -> None:
        await Supervisor().beat()
        with hearing(tmp_path) as heard:
            await Supervisor(heard.address).beat()
            Supervisor(heard.address).ready()
            assert await heard.next() == "READY=1"

    asyncio.run(scenario())


def test_a_supervisor_that_is_gone_stops_no_daemon(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    Supervisor(str(tmp_path / "gone"), SHORT_S).ready()
    assert [record.message for record in caplog.records] == ["the supervisor cannot be told"]


def test_a_server_is_ready_only_when_it_is_open_and_tells_that_it_stops(tmp_path: Path) -> None:
    async def scenario() -> None:
        opening, begun = asyncio.Event(), asyncio.Event()

        @asynccontextmanager
        async def opened(_: FastAPI) -> AsyncIterator[None]:
            begun.set()
            await opening.wait()
            yield

        port = reserved_port()
        with hearing(tmp_path) as heard, listen("127.0.0.1", port) as listener:
            config = uvicorn.Config(FastAPI(lifespan=opened), log_config=None)
            web = WebSection(port=port)
            server = Server(config, web, Doors(Bounds(100, 100)), Supervisor(heard.address, SHORT_S))
            serving = asyncio.create_task(server.serve([listener]))
            await begun.wait()
            assert heard.nothing()
            opening.set()
            assert [await heard.next(), await heard.next()] == ["READY=1", "WATCHDOG=1"]
            server.should_exit = True
            assert set((await heard.until("STOPPING=1"))[:-1]) <= {"WATCHDOG=1"}
            await serving

    asyncio.run(scenario())

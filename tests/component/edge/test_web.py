"""The node's own web server, on real sockets: one for pages, one for monitoring."""

from __future__ import annotations

import asyncio
from contextlib import ExitStack
from uuid import UUID

import httpx
import pytest

from edge.config import WebSection
from edge.fleet.health import Health
from edge.media.admission import Seat
from edge.web import WebServer, create_status, create_web
from shared.errors import Rejected
from shared.web_server.doors import Doors
from shared.web_server.doorway import Bounds
from shared.web_server.http_protocol import BARE_HEADERS
from shared.web_server.options import listen
from shared.web_server.status import ByPort
from tests.support.eventually import PATIENCE_S


class NobodyAdmitted:
    """Admits nobody."""

    async def connect(self, session_id: UUID, token: str, tab: UUID | None = None) -> Seat:
        self.check(session_id, token)
        raise AssertionError

    def check(self, session_id: UUID, token: str) -> None:
        raise Rejected("nobody is admitted here", code="no-session", status=404)


async def _answer(path: str, now: Health, *, inside: bool) -> httpx.Response:
    async def health() -> Health:
        return now

    async def metrics() -> bytes:
        raise RuntimeError("disk /var/lib/proctor is gone")

    with ExitStack() as sockets:
        public, status = (sockets.enter_context(listen("127.0.0.1", 0)) for _ in range(2))
        public_port, status_port = (each.getsockname()[1] for each in (public, status))
        app = ByPort(create_web(NobodyAdmitted(), [], health), create_status(health, metrics), status_port)
        server = WebServer(app, Doors(Bounds(100, 100)), WebSection())
        serving = asyncio.create_task(server.serve(sockets=[public, status]))
        try:
            async with asyncio.timeout(PATIENCE_S), httpx.AsyncClient() as http:
                return await http.get(f"http://127.0.0.1:{status_port if inside else public_port}{path}")
        finally:
            server.should_exit = True
            await serving


@pytest.mark.parametrize(
    ("path", "inside", "status"),
    [
        ("/healthz", False, 200),
        ("/nothing", False, 404),
        ("/metrics", False, 404),
        ("/metrics", True, 500),
        ("/healthz", True, 200),
        ("/whip/00000000-0000-0000-0000-000000000000", True, 404),
    ],
)
def test_every_answer_of_a_node_forbids_to_guess_its_type_and_says_nothing_of_the_inside(
    path: str, inside: bool, status: int
) -> None:
    answer = asyncio.run(_answer(path, Health(10, ()), inside=inside))
    assert answer.status_code == status
    assert {name: answer.headers[name] for name, _ in BARE_HEADERS} == dict(BARE_HEADERS)
    assert "/var/lib" not in answer.text


@pytest.mark.parametrize(
    ("now", "public", "status"),
    [
        (Health(10, ()), {"status": "ok"}, {"status": "ok", "health": 10, "reasons": []}),
        (
            Health(7, ("hub-away",), {"clock_skew_s": 0.1}),
            {"status": "ok"},
            {"status": "degraded", "health": 7, "reasons": ["hub-away"], "clock_skew_s": 0.1},
        ),
        (
            Health(0, ("outbox-failing",)),
            {"status": "failing"},
            {"status": "failing", "health": 0, "reasons": ["outbox-failing"]},
        ),
    ],
)
def test_pages_learn_whether_the_node_is_well_and_monitoring_why(
    now: Health, public: dict[str, object], status: dict[str, object]
) -> None:
    for inside, expected in ((False, public), (True, status)):
        answer = asyncio.run(_answer("/healthz", now, inside=inside))
        assert (answer.status_code, answer.json()) == (503 if now.failing else 200, expected)

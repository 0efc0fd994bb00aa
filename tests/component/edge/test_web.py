"""The node's own web server, on a real socket."""

from __future__ import annotations

import asyncio
import socket
from uuid import UUID

import httpx
import pytest

from edge.fleet.health import Health
from edge.media.admission import Seat
from edge.web import WebServer, create_web
from shared.errors import Rejected
from shared.slow_clients import BARE_HEADERS


class _Closed:
    """Admits nobody."""

    async def connect(self, session_id: UUID, token: str) -> Seat:
        self.check(session_id, token)
        raise AssertionError

    def check(self, session_id: UUID, token: str) -> None:
        raise Rejected("nobody is admitted here", code="no-session", status=404)


async def _answer(path: str) -> httpx.Response:
    async def health() -> Health:
        return Health(10, ())

    async def metrics() -> bytes:
        raise RuntimeError("disk /var/lib/proctor is gone")

    app = create_web(_Closed(), [], health=health, metrics=metrics)
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]
        server = WebServer(app, "127.0.0.1", port)
        serving = asyncio.create_task(server.serve(sockets=[listener]))
        try:
            async with asyncio.timeout(10), httpx.AsyncClient() as http:
                return await http.get(f"http://127.0.0.1:{port}{path}")
        finally:
            server.should_exit = True
            await serving


@pytest.mark.parametrize(("path", "status"), [("/healthz", 200), ("/nothing", 404), ("/metrics", 500)])
def test_every_answer_of_a_node_forbids_to_guess_its_type_and_says_nothing_of_the_inside(
    path: str, status: int
) -> None:
    answer = asyncio.run(_answer(path))
    assert answer.status_code == status
    assert {name: answer.headers[name] for name, _ in BARE_HEADERS} == dict(BARE_HEADERS)
    assert "/var/lib" not in answer.text

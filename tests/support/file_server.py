"""A real HTTP server on a free port that hands out bytes, well or badly, and remembers what it was asked."""

from __future__ import annotations

import http.server
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field


@dataclass(slots=True)
class FileServer:
    """`files` by path. `cut`: after how many bytes the body of each request breaks off; None is never."""

    url: str = ""
    files: dict[str, bytes] = field(default_factory=dict)
    types: dict[str, str] = field(default_factory=dict)
    cut: list[int | None] = field(default_factory=list)
    ranges: bool = True
    hold_after: int | None = None
    """Send that many bytes of each body and then nothing until `released`."""
    released: threading.Event = field(default_factory=threading.Event)
    asked: list[tuple[str, str]] = field(default_factory=list)
    """Path and Range header of every request so far."""
    connections: int = 0

    def address(self, path: str) -> str:
        return f"{self.url}/{path}"


@contextmanager
def serving_files() -> Iterator[FileServer]:
    """A file server on the loopback interface."""
    served = FileServer()

    class Handler(http.server.BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def setup(self) -> None:
            served.connections += 1
            super().setup()

        def do_GET(self) -> None:
            _answer(self, served)

        def log_message(self, format: str, *args: object) -> None:
            pass

    class Server(http.server.ThreadingHTTPServer):
        def handle_error(self, request: object, client_address: object) -> None:
            # A client that hangs up is what some tests are about.
            if not isinstance(sys.exc_info()[1], ConnectionError):
                super().handle_error(request, client_address)  # type: ignore[arg-type]

    server = Server(("127.0.0.1", 0), Handler)
    served.url = f"http://127.0.0.1:{server.server_address[1]}"
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
    thread.start()
    try:
        yield served
    finally:
        served.released.set()
        server.shutdown()
        thread.join()
        server.server_close()


def _answer(handler: http.server.BaseHTTPRequestHandler, served: FileServer) -> None:
    path = handler.path.lstrip("/")
    wish = handler.headers.get("Range", "")
    served.asked.append((path, wish))
    body = served.files.get(path)
    if body is None:
        handler.send_error(404)
        return
    begin = int(wish.removeprefix("bytes=").split("-")[0]) if wish and served.ranges else 0
    if begin > len(body):
        handler.send_error(416)
        return
    handler.send_response(206 if begin else 200)
    if begin:
        handler.send_header("Content-Range", f"bytes {begin}-{len(body) - 1}/{len(body)}")
    handler.send_header("Content-Type", served.types.get(path, "application/octet-stream"))
    handler.send_header("Content-Length", str(len(body) - begin))
    handler.end_headers()
    if served.hold_after is not None:
        handler.wfile.write(body[begin : begin + served.hold_after])
        handler.wfile.flush()
        served.released.wait()
        handler.close_connection = True
        return
    cut = served.cut.pop(0) if served.cut else None
    handler.wfile.write(body[begin:] if cut is None else body[begin : begin + cut])
    if cut is not None:
        handler.close_connection = True

"""Gives the machines packages of Debian's archive: a proxy that fetches nothing else and keeps packages."""

from __future__ import annotations

import shutil
import threading
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any, Final
from urllib.parse import urlsplit

HOST: Final = "deb.debian.org"
_PATIENCE_S: Final = 120


class _Archive(BaseHTTPRequestHandler):
    """Answers requests as a proxy for one host."""

    def __init__(self, *arguments: Any, folder: Path) -> None:
        self._folder = folder
        super().__init__(*arguments)

    def do_GET(self) -> None:
        parts = urlsplit(self.path)
        if parts.hostname != HOST or ".." in parts.path:
            self.send_error(403)
            return
        kept = self._folder / parts.path.lstrip("/")
        if parts.path.endswith(".deb") and not kept.exists():
            kept.parent.mkdir(parents=True, exist_ok=True)
            self._fetch(kept)
        if kept.exists():
            self.send_response(200)
            self.send_header("Content-Length", str(kept.stat().st_size))
            self.end_headers()
            with kept.open("rb") as file:
                shutil.copyfileobj(file, self.wfile)
        elif not parts.path.endswith(".deb"):
            self._pass_on()

    def _fetch(self, kept: Path) -> None:
        draft = kept.with_suffix(f".{threading.get_ident()}")
        try:
            with urllib.request.urlopen(self.path, timeout=_PATIENCE_S) as answer, draft.open("wb") as file:
                shutil.copyfileobj(answer, file)
            draft.replace(kept)
        except urllib.error.HTTPError as error:
            self.send_error(error.code)
        except OSError:
            self.send_error(504)

    def _pass_on(self) -> None:
        wanted = urllib.request.Request(self.path)
        if since := self.headers.get("If-Modified-Since"):
            wanted.add_header("If-Modified-Since", since)
        try:
            with urllib.request.urlopen(wanted, timeout=_PATIENCE_S) as answer:
                body = answer.read()
                self.send_response(200)
                for name in ("Last-Modified", "Content-Type"):
                    if value := answer.headers.get(name):
                        self.send_header(name, value)
        except urllib.error.HTTPError as error:
            self.send_response(error.code)
            body = b""
        except OSError:
            self.send_error(504)
            return
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: object) -> None:
        """Say nothing of each request."""


@contextmanager
def archive(address: str, port: int, folder: Path) -> Iterator[str]:
    """Serve until the block ends; gives the proxy's URL."""
    server = ThreadingHTTPServer((address, port), partial(_Archive, folder=folder))
    threading.Thread(target=server.serve_forever, daemon=True).start()
    try:
        yield f"http://{address}:{port}"
    finally:
        server.shutdown()
        server.server_close()

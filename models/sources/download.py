"""Downloads over HTTP: limited in size, time and tries, resumed after a break, hashed before use."""

from __future__ import annotations

import ssl
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import httpx

from models.sources.arrival import LARGEST_BYTES, Progress, check_hash, writing_to
from models.store import digest
from shared.errors import Corrupt, Unavailable

CONNECT_S = 4.0
READ_S = 15.0
TRIES = 4
_FIRST_PAUSE_S = 0.1
PARALLEL = 4


@dataclass(frozen=True, slots=True)
class Wanted:
    """One download: its address, size and hash (None if only an extracted member has one)."""

    url: str
    sha256: str | None
    size_bytes: int | None = None
    label: str = ""

    @property
    def host(self) -> str:
        """The server with its port."""
        return httpx.URL(self.url).netloc.decode("ascii")

    @property
    def where(self) -> str:
        """The address without credentials."""
        return str(httpx.URL(self.url).copy_with(username=None, password=None, query=None))


_DEAD = (httpx.ConnectError, httpx.TimeoutException, httpx.ProxyError)
"""Before the first line of an answer these mean that the server is absent; within a body a pause may end."""


class _Broken(Exception):
    """The transfer ended early; the received bytes are kept and the next try continues there."""


@dataclass(slots=True)
class Downloads:
    """Downloads of one run, from any number of threads: at most PARALLEL at a time.

    If the first contact with a host fails, later downloads from it fail at once instead of waiting for the
    timeout.
    """

    progress: Progress
    connect_s: float = CONNECT_S
    read_s: float = READ_S
    _client: httpx.Client = field(init=False)
    _dead: dict[str, str] = field(default_factory=dict)
    _hosts: dict[str, threading.Lock] = field(default_factory=dict)
    _stopped: threading.Event = field(default_factory=threading.Event)
    _slots: threading.Semaphore = field(default_factory=lambda: threading.Semaphore(PARALLEL))

    def __post_init__(self) -> None:
        timeout = httpx.Timeout(self.read_s, connect=self.connect_s)
        # The system's certificates (and SSL_CERT_FILE), not the bundle of another package.
        self._client = httpx.Client(
            timeout=timeout, verify=ssl.create_default_context(), follow_redirects=True, trust_env=True
        )

    def stop(self) -> None:
        """Stop running transfers soon and refuse new ones; received bytes are kept."""
        self._stopped.set()

    def close(self) -> None:
        """End all connections."""
        self._client.close()

    def reach(self, url: str) -> None:
        """Raises Unavailable if the server of `url` does not answer; any answer is enough."""
        try:
            self._send(self._client.build_request("GET", url), Wanted(url, None)).close()
        except _Broken as error:
            raise Unavailable(f"{url}: {error}") from error

    def fetch(self, wanted: Wanted, part: Path) -> None:
        """Download `wanted` into `part` and check its hash.

        A partial `part` is continued. It is kept if the transfer breaks off and removed if the hash is wrong.
        Raises Unavailable (unreachable, refused, broken off, disk full) or Corrupt (wrong bytes).
        """
        with self._slots:
            if part.is_symlink():
                part.unlink()
            resumed = part.exists() and part.stat().st_size > 0
            if resumed and digest(part) == wanted.sha256:
                return
            try:
                self._complete(wanted, part)
            except Corrupt:
                part.unlink(missing_ok=True)
                if not resumed:
                    raise
                # An earlier run may have left other bytes: start again.
                self._complete(wanted, part)

    def _complete(self, wanted: Wanted, part: Path) -> None:
        reason = ""
        for attempt in range(TRIES):
            try:
                self._transfer(wanted, part)
                break
            except _Broken as error:
                reason = str(error)
                self._stopped.wait(_FIRST_PAUSE_S * 2**attempt)
        else:
            have = part.stat().st_size if part.exists() else 0
            raise Unavailable(
                f"{wanted.where} broke off {TRIES} times ({reason}); {have:,} bytes are kept and the next "
                "run continues there"
            )
        if wanted.sha256:
            check_hash(digest(part), wanted.sha256, part.stat().st_size, wanted.where)

    def _transfer(self, wanted: Wanted, part: Path) -> None:
        limit = wanted.size_bytes or LARGEST_BYTES
        have = part.stat().st_size if part.exists() else 0
        with self._answer(wanted, have) as answer, writing_to(part):
            if answer.status_code == httpx.codes.REQUESTED_RANGE_NOT_SATISFIABLE:
                part.unlink(missing_ok=True)
                raise _Broken("the server has no such range")
            continued = answer.status_code == httpx.codes.PARTIAL_CONTENT
            count = have if continued else 0
            with part.open("ab" if continued else "wb") as out:
                for chunk in self._chunks(answer):
                    count += len(chunk)
                    self._go_on(wanted)
                    if count > limit:
                        raise Corrupt(f"{wanted.where} is larger than {limit:,} bytes: refused")
                    out.write(chunk)
                    out.flush()
                    self.progress(wanted.label or wanted.where, count, wanted.size_bytes)
        if wanted.size_bytes and count < wanted.size_bytes:
            raise _Broken(f"{count:,} of {wanted.size_bytes:,} bytes")

    @contextmanager
    def _answer(self, wanted: Wanted, have: int) -> Iterator[httpx.Response]:
        """The response with its headers received and checked; the body follows."""
        # Identity: a range counts the bytes as sent, and the hash covers the bytes without encoding.
        headers = {"Accept-Encoding": "identity"} | ({"Range": f"bytes={have}-"} if have else {})
        request = self._client.build_request("GET", wanted.url, headers=headers)
        self._go_on(wanted)
        with self._hosts.setdefault(wanted.host, threading.Lock()):
            if reason := self._dead.get(wanted.host):
                raise Unavailable(f"{wanted.where}: {reason}")
            answer = self._send(request, wanted)
        try:
            if answer.is_error and answer.status_code != httpx.codes.REQUESTED_RANGE_NOT_SATISFIABLE:
                if answer.is_server_error:
                    raise _Broken(f"the server answers {answer.status_code}")
                raise Unavailable(f"{wanted.where}: the server answers {answer.status_code}")
            yield answer
        finally:
            answer.close()

    def _send(self, request: httpx.Request, wanted: Wanted) -> httpx.Response:
        try:
            return self._client.send(request, stream=True)
        except _DEAD as error:
            reason = f"{wanted.host} cannot be reached ({error or type(error).__name__})"
            self._dead[wanted.host] = reason
            raise Unavailable(f"{wanted.where}: {reason}") from error
        except httpx.TransportError as error:
            raise _Broken(str(error) or type(error).__name__) from error
        except httpx.HTTPError as error:
            raise Unavailable(f"{wanted.where}: {error}") from error

    def _go_on(self, wanted: Wanted) -> None:
        if self._stopped.is_set():
            raise Unavailable(f"{wanted.where}: interrupted; the next run continues there")

    @staticmethod
    def _chunks(answer: httpx.Response) -> Iterator[bytes]:
        try:
            # Chunks as they arrive: with larger ones, the last bytes before a break would be lost.
            yield from answer.iter_raw()
        except httpx.TransportError as error:
            raise _Broken(str(error) or type(error).__name__) from error

"""Downloads over HTTP: bounded in size, time and tries, resumed where they broke off, hashed before use."""

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
    """One download: from where, how large, under which hash (None where what is taken out of it has one)."""

    url: str
    sha256: str | None
    size_bytes: int | None = None
    label: str = ""

    @property
    def host(self) -> str:
        """The server spoken to, with its port."""
        return httpx.URL(self.url).netloc.decode("ascii")

    @property
    def where(self) -> str:
        """The address without credentials."""
        return str(httpx.URL(self.url).copy_with(username=None, password=None, query=None))


_DEAD = (httpx.ConnectError, httpx.TimeoutException, httpx.ProxyError)
"""Before an answer's first line these mean that nobody is there; within a body a pause may pass."""


class _Broken(Exception):
    """The transfer ended early; what came is kept and the next try goes on from there."""


@dataclass(slots=True)
class Downloads:
    """Downloads of one run, from any number of threads: at most PARALLEL at a time.

    The first contact with a host decides for all: when it cannot be reached, later downloads from it fail at
    once instead of each waiting for the timeout.
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
        # The system's certificates (and SSL_CERT_FILE), not the bundle some other package carries.
        self._client = httpx.Client(
            timeout=timeout, verify=ssl.create_default_context(), follow_redirects=True, trust_env=True
        )

    def stop(self) -> None:
        """End running transfers soon and refuse new ones; what came of them is kept."""
        self._stopped.set()

    def close(self) -> None:
        """End all connections."""
        self._client.close()

    def reach(self, url: str) -> None:
        """Raises Unavailable when nobody answers at `url`; any answer will do."""
        try:
            self._send(self._client.build_request("GET", url), Wanted(url, None)).close()
        except _Broken as error:
            raise Unavailable(f"{url}: {error}") from error

    def fetch(self, wanted: Wanted, part: Path) -> None:
        """Bring `wanted` into `part` with its hash checked.

        A partial `part` is continued. It stays when the transfer breaks off and goes when the hash is wrong.
        Raises Unavailable (cannot be reached, refused, breaks off, disk full) or Corrupt (wrong bytes).
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
                # What an earlier run left may be of other bytes: once more from the start.
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
                "run goes on from there"
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
        """The response with its headers in, checked; the body is still to come."""
        # Identity: a range counts bytes as they are sent, and the hash is of the bytes as they are.
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
            raise Unavailable(f"{wanted.where}: interrupted; the next run goes on from there")

    @staticmethod
    def _chunks(answer: httpx.Response) -> Iterator[bytes]:
        try:
            # As they arrive: gathered into larger chunks, the last ones before a break would be lost.
            yield from answer.iter_raw()
        except httpx.TransportError as error:
            raise _Broken(str(error) or type(error).__name__) from error

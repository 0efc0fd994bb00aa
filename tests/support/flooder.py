"""Somebody who means ill, as a program of its own: floods, and says what became of it.

`python -m tests.support.flooder ATTACK URL [--seconds 4] [--rate 20000]`, the session's token in the
environment as TOKEN, an SDP offer as OFFER:

    pings, pongs, texts, binaries, bytes, empties, fragments
                   so many frames a second on one socket (rate 0: as many as it takes), and again on the next
                   when it is closed; `bytes` are texts of one byte, `empties` of none, `fragments` one
                   message that never ends
    sockets        opens sockets and keeps them
    offers         WHIP offers, four at a time
    crowd          one WHIP offer to each address with its token in CROWD (JSON), all at once
    codes          420 wrong join codes, and one more of them again and again, each as if for somebody else
    idle, slow     --rate connections that say nothing or one byte, opened again when they are closed

Over loopback it comes from an address of its own, 127.0.0.2.

Prints one line of JSON: how often what happened.
"""

from __future__ import annotations

import argparse
import json
import os
import select
import socket
import struct
import sys
import threading
import time
from collections import Counter
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from functools import partial
from urllib.parse import urlsplit

BATCH_S = 0.01
CODES, REPEATED = 420, 40
AT_ONCE = 10_000
"""Frames of a batch at no certain rate."""
MORE, TEXT, BINARY, PING, PONG = 0x0, 0x1, 0x2, 0x9, 0xA
HANDSHAKE_S = 5.0


@dataclass(frozen=True, slots=True)
class Target:
    """Where it goes, and until when."""

    host: str
    port: int
    path: str
    rate: int
    until: float
    counts: Counter[str] = field(default_factory=Counter)

    def over(self) -> bool:
        return time.monotonic() > self.until

    def connect(self) -> socket.socket:
        source = ("127.0.0.2", 0) if self.host == "127.0.0.1" else None
        return socket.create_connection((self.host, self.port), HANDSHAKE_S, source)


def frame(opcode: int, payload: bytes = b"", last: bool = True) -> bytes:
    """A masked frame whose mask is zero; not the `last` one of its message: more of it follows."""
    return bytes([0x80 * last | opcode, 0x80 | len(payload)]) + bytes(4) + payload


def opened(target: Target) -> socket.socket | None:
    """A WebSocket; None when it is refused."""
    protocols = f"proctor.v1, bearer.{os.environ['TOKEN']}"
    request = (
        f"GET {target.path} HTTP/1.1\r\nHost: x\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n"
        "Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n"
        f"Sec-WebSocket-Protocol: {protocols}\r\n\r\n"
    )
    made = target.connect()
    made.sendall(request.encode())
    status = made.recv(4_096).split(b" ", 2)[1:2]
    if status == [b"101"]:
        target.counts["opened"] += 1
        return made
    target.counts[f"refused {b''.join(status).decode()}"] += 1
    made.close()
    return None


def close_code(read: bytes) -> int | None:
    """The code of a close frame of the server's in what was read last."""
    at = read.find(b"\x88")
    return struct.unpack("!H", read[at + 2 : at + 4])[0] if at >= 0 and len(read) >= at + 4 else None


def flood(target: Target, one: bytes, first: bytes = b"") -> None:
    """One socket after the other, each for as long as it is read; `first` is sent once on each."""
    batch = one * (round(target.rate * BATCH_S) or AT_ONCE)
    while not target.over():
        with suppress(OSError):
            made = opened(target)
            if made is None:
                time.sleep(0.02)
                continue
            with made:
                made.settimeout(1.0)
                made.sendall(first)
                pour(target, made, batch, len(batch) // len(one))


def pour(target: Target, made: socket.socket, batch: bytes, frames: int) -> None:
    """Send until it is closed; read what comes, as a browser would."""
    due = time.monotonic()
    while not target.over():
        while select.select([made], [], [], 0)[0]:
            read = made.recv(65_536)
            if code := close_code(read[-4_096:]):
                target.counts[f"closed {code}"] += 1
            if not read:
                return
        made.sendall(batch)
        target.counts["frames"] += frames
        due += BATCH_S
        time.sleep(max(0.0, due - time.monotonic()) if target.rate else 0.0)


def keep_opening(target: Target) -> None:
    kept = []
    while not target.over():
        with suppress(OSError):
            if (made := opened(target)) is not None:
                kept.append(made)


def offer_once(target: Target, path: str, token: str) -> None:
    text = os.environ["OFFER"]
    head = (
        f"POST {path} HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {token}\r\n"
        f"Content-Type: application/sdp\r\nConnection: close\r\nContent-Length: {len(text)}\r\n\r\n"
    )
    with suppress(OSError), target.connect() as made:
        made.settimeout(30.0)
        made.sendall((head + text).encode())
        target.counts[f"answered {made.recv(4_096)[9:12].decode()}"] += 1


def offer(target: Target) -> None:
    while not target.over():
        offer_once(target, target.path, os.environ["TOKEN"])


def crowd(target: Target) -> None:
    addressed = json.loads(os.environ["CROWD"])
    acts = [partial(offer_once, target, urlsplit(url).path, token) for url, token in addressed]
    together(acts)


def linger(target: Target, says: bytes) -> None:
    """Keep so many connections open that say no more than this."""
    kept: list[socket.socket] = []
    while not target.over():
        gone, _, _ = select_many(kept)
        for one in gone:
            kept.remove(one)
            one.close()
            target.counts["closed"] += 1
        for _ in range(min(100, target.rate - len(kept))):
            with suppress(OSError):
                kept.append(target.connect())
                kept[-1].sendall(says)
                target.counts["opened"] += 1
        time.sleep(0.005)


def select_many(sockets: list[socket.socket]) -> tuple[list[socket.socket], list[int], list[int]]:
    """Those on which the other side has said or closed something; `select` itself ends at 1,024."""
    poll, known = select.poll(), {one.fileno(): one for one in sockets}
    for number in known:
        poll.register(number, select.POLLIN)
    return [known[number] for number, _ in poll.poll(0)], [], []


def guess(target: Target) -> None:
    """Codes that no session has. The header says each time that another proxy's client asks."""
    others = [("other", f"{number:04d}{28 * 'x'}") for number in range(CODES)]
    for number, (kind, code) in enumerate([*others, *[("same", 32 * "x")] * REPEATED]):
        body = json.dumps({"code": code})
        head = (
            f"POST {target.path} HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\n"
            f"X-Forwarded-For: 203.0.{number // 256}.{number % 256}\r\nConnection: close\r\n"
            f"Content-Length: {len(body)}\r\n\r\n"
        )
        with suppress(OSError), target.connect() as made:
            made.settimeout(30.0)
            made.sendall((head + body).encode())
            target.counts[f"{kind} {made.recv(4_096)[9:12].decode()}"] += 1


def together(acts: Sequence[Callable[[], None]]) -> None:
    threads = [threading.Thread(target=act) for act in acts]
    for one in threads:
        one.start()
    for one in threads:
        one.join()


ATTACKS: dict[str, Callable[[Target], None]] = {
    "pings": lambda target: flood(target, frame(PING, b"ping")),
    "pongs": lambda target: flood(target, frame(PONG, b"pong")),
    "texts": lambda target: flood(target, frame(TEXT, b"text")),
    "binaries": lambda target: flood(target, frame(BINARY, b"data")),
    "bytes": lambda target: flood(target, frame(TEXT, b"x")),
    "empties": lambda target: flood(target, frame(TEXT)),
    "fragments": lambda target: flood(target, frame(MORE, b"x", last=False), frame(TEXT, last=False)),
    "sockets": keep_opening,
    "offers": lambda target: together([partial(offer, target)] * 4),
    "crowd": crowd,
    "codes": guess,
    "idle": lambda target: linger(target, b""),
    "slow": lambda target: linger(target, b"G"),
}


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("attack", choices=sorted(ATTACKS))
    parser.add_argument("url")
    parser.add_argument("--seconds", type=float, default=4.0)
    parser.add_argument("--rate", type=int, default=20_000)
    given = parser.parse_args()
    parts = urlsplit(given.url)
    until = time.monotonic() + given.seconds
    target = Target(parts.hostname or "", parts.port or 80, parts.path or "/", given.rate, until)
    ATTACKS[given.attack](target)
    sys.stdout.write(json.dumps(target.counts) + "\n")


if __name__ == "__main__":
    main()

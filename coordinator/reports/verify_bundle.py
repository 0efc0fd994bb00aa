#!/usr/bin/env python3
"""Checks a hearing bundle. Needs only Python 3.10 or newer, no network and no installation.

    python3 verify_bundle.py hearing.zip [--key ed25519:…]

It checks and reports:

    1  the bundle contains exactly the files that its manifest lists, each with its size and SHA-256
    2  the manifest has a valid Ed25519 signature of the key that it names,
       and with --key, that this is the key the institution gave you in another way
    3  each alert has the SHA-256 that the manifest lists for it, in the same order, no more and no fewer
    4  the report has exactly these alerts, with the same types, times, severities and explanations

It cannot check that the institution has included every alert, nor the nodes' own signatures: the coordinator
checked those when the alerts arrived and does not keep them. The copy of this script in the bundle is only as
trustworthy as the bundle; if that matters, get it from elsewhere.

Exit codes: 0 everything is valid, 1 something is not, 2 the bundle cannot be read.
"""

from __future__ import annotations

import argparse
import base64
import hashlib
import io
import json
import sys
import zipfile
import zlib
from collections.abc import Iterator, Sequence
from typing import Any, TextIO

MANIFEST, SIGNATURE, ALERTS, REPORT = "manifest.json", "manifest.sig", "alerts.jsonl", "report.json"
DOMAIN = b"proctor.bundle/1\n"
MAX_FILES = 50
MAX_UNPACKED_BYTES = 512 * 1024 * 1024
"""The limit for all files together; a bundle has at most ten, and 300 MB."""
PACKED = (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED)
REPORTED = ("event_type", "event_class", "severity_score", "onset", "explanation")
UNREADABLE = (
    OSError, ValueError, KeyError, TypeError, AttributeError, RuntimeError, EOFError,
    zipfile.BadZipFile, zlib.error,
)  # fmt: skip
"""The exceptions of a file that is not a bundle, or a broken one."""
LISTS = ("findings", "technical", "acts", "milestones")


def check(bundle: zipfile.ZipFile, key: str | None = None) -> list[str]:
    """The problems of a bundle in an open ZipFile, as sentences; none if everything is valid."""
    refuse_bomb(bundle)
    names = bundle.namelist()
    if len(set(names)) != len(names) or not {MANIFEST, SIGNATURE, ALERTS, REPORT} <= set(names):
        return ["a file is missing, or appears twice"]
    signed = bundle.read(MANIFEST)
    manifest = json.loads(signed)
    alerts = bundle.read(ALERTS).splitlines()
    problems = [
        *wrong_files(bundle, names, manifest),
        *wrong_signature(signed, bundle.read(SIGNATURE), manifest, key),
        *wrong_alerts(alerts, manifest),
    ]
    # A changed file is not read further: it may not even be JSON.
    return problems or list(wrong_report(alerts, json.loads(bundle.read(REPORT)), manifest))


def refuse_bomb(bundle: zipfile.ZipFile) -> None:
    """Raises ValueError if a file would unpack to too much, or is packed unlike a bundle.

    Not more than its announced size is unpacked of a file.
    """
    files = bundle.infolist()
    if len(files) > MAX_FILES or sum(one.file_size for one in files) > MAX_UNPACKED_BYTES:
        raise ValueError("it would unpack to more than any bundle contains")
    if any(one.compress_type not in PACKED for one in files):
        raise ValueError("it is not packed like a bundle")


def plain(text: object) -> str:
    """Text from the bundle without control characters, so that it cannot control the terminal."""
    return "".join(
        each if each.isprintable() else each.encode("unicode_escape").decode() for each in str(text)
    )


def wrong_files(bundle: zipfile.ZipFile, names: list[str], manifest: dict[str, Any]) -> Iterator[str]:
    listed = {each["path"]: each for each in manifest["files"]}
    for name in sorted(set(names) - {MANIFEST, SIGNATURE} - set(listed)):
        yield f"{name}: is not listed in the manifest"
    for path, each in listed.items():
        if path not in names:
            yield f"{path}: is missing"
            continue
        data = bundle.read(path)
        if (len(data), hashlib.sha256(data).hexdigest()) != (each["bytes"], each["sha256"]):
            yield f"{path}: was changed; its hash differs from the listed one"


def wrong_signature(signed: bytes, text: bytes, manifest: dict[str, Any], key: str | None) -> Iterator[str]:
    if key is not None and key != manifest["signer"]:
        yield f"the manifest names the key {manifest['signer']}, not the one you were given"
    public = base64.b64decode(manifest["signer"].partition(":")[2])
    if not signature_holds(public, base64.b64decode(text), DOMAIN + signed):
        yield "the manifest's signature is not valid: it was changed, or signed by another key"


def wrong_alerts(lines: list[bytes], manifest: dict[str, Any]) -> Iterator[str]:
    if len(lines) != len(manifest["alerts"]):
        yield f"{len(lines)} alerts are there, {len(manifest['alerts'])} are listed"
    for line, listed in zip(lines, manifest["alerts"], strict=False):
        if hashlib.sha256(line).hexdigest() != listed["sha256"]:
            yield f"alert {listed['event_id']}: was changed; its hash differs from the listed one"


def wrong_report(lines: list[bytes], report: dict[str, Any], manifest: dict[str, Any]) -> Iterator[str]:
    alerts = {alert["event_id"]: alert for alert in map(json.loads, lines)}
    told = {entry["event_id"]: entry for kind in LISTS for entry in report[kind]}
    for event_id in sorted(set(alerts) ^ set(told)):
        yield f"alert {event_id}: is only in the report or only in the alerts"
    for event_id in sorted(set(alerts) & set(told)):
        for name in REPORTED:
            if alerts[event_id][name] != told[event_id][name]:
                yield f"alert {event_id}: the report has another {name}"
    if report["session"]["session_id"] != manifest["session_id"]:
        yield "the report is about another session"


# --- Ed25519 verification after RFC 8032, section 5.1.7; slow and not secret, which is enough here ----------

Point = tuple[int, int, int, int]

P = 2**255 - 19
L = 2**252 + 27742317777372353535851937790883648493
D = -121665 * pow(121666, P - 2, P) % P
BASE_Y = (4 * pow(5, P - 2, P) % P).to_bytes(32, "little")


def signature_holds(public: bytes, signature: bytes, message: bytes) -> bool:
    """Whether 64 bytes are this key's signature of the message."""
    point, base = decoded(public), decoded(BASE_Y)
    scalar = int.from_bytes(signature[32:], "little")
    if point is None or base is None or len(signature) != 64 or scalar >= L:
        return False
    digest = hashlib.sha512(signature[:32] + public + message).digest()
    x, y, z, t = point
    negative = (P - x, y, z, P - t)
    sum_ = added(times(base, scalar), times(negative, int.from_bytes(digest, "little") % L))
    return encoded(sum_) == signature[:32]


def decoded(data: bytes) -> Point | None:
    """The point encoded by 32 bytes, in extended coordinates; None if they encode none."""
    if len(data) != 32:
        return None
    number = int.from_bytes(data, "little")
    y, sign = number & (2**255 - 1), number >> 255
    if y >= P:
        return None
    square = (y * y - 1) * pow(D * y * y + 1, P - 2, P) % P
    x = pow(square, (P + 3) // 8, P)
    if (x * x - square) % P:
        x = x * pow(2, (P - 1) // 4, P) % P
    if (x * x - square) % P or (x == 0 and sign):
        return None
    if x & 1 != sign:
        x = P - x
    return x, y, 1, x * y % P


def encoded(point: Point) -> bytes:
    x, y, z, _ = point
    inverse = pow(z, P - 2, P)
    x, y = x * inverse % P, y * inverse % P
    return (y | (x & 1) << 255).to_bytes(32, "little")


def added(p: Point, q: Point) -> Point:
    a, b = (p[1] - p[0]) * (q[1] - q[0]) % P, (p[1] + p[0]) * (q[1] + q[0]) % P
    c, d = 2 * p[3] * q[3] * D % P, 2 * p[2] * q[2] % P
    e, f, g, h = b - a, d - c, d + c, b + a
    return e * f % P, g * h % P, f * g % P, e * h % P


def times(point: Point, scalar: int) -> Point:
    result: Point = (0, 1, 1, 0)
    while scalar:
        if scalar & 1:
            result = added(result, point)
        point = added(point, point)
        scalar >>= 1
    return result


def main(arguments: Sequence[str] | None = None, out: TextIO | None = None) -> int:
    """Run the check; returns the exit code. Uses the process's arguments and output unless others are
    given."""
    out = out or sys.stdout
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("bundle", help="the zip file")
    parser.add_argument(
        "--key", help="the institution's key, ed25519:…, received in another way than the bundle"
    )
    given = parser.parse_args(arguments)
    if isinstance(out, io.TextIOWrapper):
        out.reconfigure(errors="backslashreplace")
    try:
        with zipfile.ZipFile(given.bundle) as bundle:
            problems = check(bundle, given.key)
            signer = json.loads(bundle.read(MANIFEST))["signer"] if not problems else ""
    except UNREADABLE as error:
        out.write(f"This is not a readable hearing bundle: {plain(error)}\n")
        return 2
    for problem in problems:
        out.write(f"WRONG: {plain(problem)}\n")
    if problems:
        return 1
    out.write("Files, hashes, alerts and report agree, and the manifest's signature is valid.\n")
    if given.key is None:
        out.write(f"Signed by {plain(signer)}. Ask the institution for its key and give it with --key:\n")
        out.write("without that, nothing here proves who made this bundle.\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())

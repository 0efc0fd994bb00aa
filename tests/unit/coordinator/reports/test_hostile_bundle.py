"""Hearing bundles made to harm whoever verifies them."""

from __future__ import annotations

import base64
import hashlib
import io
import json
import random
import struct
import zipfile
from collections.abc import Mapping
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from coordinator.reports.verify_bundle import DOMAIN, MAX_UNPACKED_BYTES, UNREADABLE, check, main
from shared.sealing import signing_public_text

KEY = Ed25519PrivateKey.generate()
LISTS: dict[str, list[object]] = {"findings": [], "technical": [], "acts": [], "milestones": []}
FILES = {
    "alerts.jsonl": b"",
    "report.json": json.dumps({**LISTS, "session": {"session_id": "S"}}).encode(),
    "report.html": b"<p>" * 50,
}


def packed(
    more: Mapping[str, bytes], packing: int = zipfile.ZIP_DEFLATED, listed: Mapping[str, bytes] = FILES
) -> bytes:
    """A well signed bundle that lists some files and holds more."""
    manifest = {
        "signer": signing_public_text(KEY.public_key()),
        "session_id": "S",
        "files": [
            {"path": path, "bytes": len(data), "sha256": hashlib.sha256(data).hexdigest()}
            for path, data in listed.items()
        ],
        "alerts": [],
    }
    signed = json.dumps(manifest).encode()
    signature = base64.b64encode(KEY.sign(DOMAIN + signed))
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", packing) as archive:
        for name, data in {"manifest.json": signed, "manifest.sig": signature, **FILES, **more}.items():
            archive.writestr(name, data)
    return out.getvalue()


def said(data: bytes, folder: Path) -> tuple[int, str]:
    """What the script ends with and prints on a terminal that knows ASCII only."""
    path, out = folder / "hearing.zip", io.BytesIO()
    path.write_bytes(data)
    terminal = io.TextIOWrapper(out, encoding="ascii", write_through=True)
    return main([str(path)], terminal), out.getvalue().decode()


def test_an_honest_one_verifies(tmp_path: Path) -> None:
    code, text = said(packed({}), tmp_path)
    assert (code, "the manifest's signature is valid" in text) == (0, True)


def test_no_name_in_it_repaints_the_verdict(tmp_path: Path) -> None:
    name = "\x1b[1A\x1b[2KFiles, hashes and alerts agree.\r\n\u202ehö"
    code, text = said(packed({name: b"x"}), tmp_path)
    assert code == 1
    assert text == (
        "WRONG: \\x1b[1A\\x1b[2KFiles, hashes and alerts agree.\\r\\n\\u202eh\\xf6: "
        "is not listed in the manifest\n"
    )


@pytest.mark.parametrize(
    ("data", "why"),
    [
        pytest.param(
            packed({f"{n}": b"" for n in range(50)}), "more than any bundle contains", id="many-files"
        ),
        pytest.param(packed({}, zipfile.ZIP_LZMA), "not packed like a bundle", id="another-packing"),
        pytest.param(packed({}).replace(b"PK\x01\x02", b"PK\x01\x03"), "not a readable", id="no-directory"),
    ],
)
def test_what_no_bundle_can_be_is_not_unpacked(data: bytes, why: str, tmp_path: Path) -> None:
    code, text = said(data, tmp_path)
    assert (code, why in text) == (2, True), text


def test_a_bomb_is_not_unpacked(tmp_path: Path) -> None:
    real, claimed = (struct.pack("<L", size) for size in (1_000_001, MAX_UNPACKED_BYTES))
    code, text = said(packed({"zeros": bytes(1_000_001)}).replace(real, claimed), tmp_path)
    assert (code, "more than any bundle contains" in text) == (2, True)


def test_broken_bytes_are_a_refusal_and_never_a_crash() -> None:
    chance = random.Random(5)
    for packing in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED, zipfile.ZIP_BZIP2, zipfile.ZIP_LZMA):
        whole = packed({}, packing)
        for _ in range(60):
            broken = bytearray(whole)
            for _ in range(chance.choice((1, 2, 8))):
                broken[chance.randrange(len(broken))] = chance.randrange(256)
            try:
                with zipfile.ZipFile(io.BytesIO(broken)) as bundle:
                    check(bundle)
            except UNREADABLE:
                continue

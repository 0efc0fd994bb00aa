"""Makes a hearing bundle: a zip of report, canonical alerts, hashes, one signature and a verifying script.

    manifest.json      its content, with size and SHA-256 of each file and each alert
    manifest.sig       base64 of the coordinator's Ed25519 signature of `DOMAIN` and the manifest's bytes
    alerts.jsonl       the alerts as canonical JSON, one per line, by onset, with their small pictures as
                       `evidence_thumbnail`; if the picture is gone, the alert still has its id and hash
    report.json …      the report in its three forms
    policy.json        the policy in force, without the candidate's accommodation
    verify_bundle.py   checks all of this offline, and says what it cannot check

The same contents give the same bytes.
"""

from __future__ import annotations

import base64
import hashlib
import io
import zipfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from importlib.resources import files
from typing import Any, Final

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from coordinator.alerts.stored import Stored
from shared.alerts import encode_shown
from shared.api.reports import SessionReport
from shared.canonical import canonical_json
from shared.fields import format_utc
from shared.sealing import signing_public_text

SCHEMA: Final = "proctor.bundle/1"
DOMAIN: Final = b"proctor.bundle/1\n"
"""Precedes the signed data, so that no other signature of this key is valid for a bundle."""
_EPOCH: Final = (1980, 1, 1, 0, 0, 0)


@dataclass(frozen=True, slots=True)
class Printed:
    """A report in all its forms."""

    report: SessionReport
    html: str
    pdf: bytes


def bundle(
    printed: Printed, stored: Sequence[Stored], policy: Mapping[str, Any], signing: Ed25519PrivateKey
) -> bytes:
    """The zip of a session's hearing bundle."""
    alerts = [encode_shown(one.shown) for one in stored]
    contents = {
        "alerts.jsonl": b"".join(line + b"\n" for line in alerts),
        "report.json": report_json(printed.report),
        "report.html": printed.html.encode(),
        "report.pdf": printed.pdf,
        "policy.json": canonical_json(dict(policy)),
        "verify_bundle.py": verifier(),
    }
    signed = canonical_json(
        {
            "schema": SCHEMA,
            "made_at": format_utc(printed.report.made_at),
            "session_id": printed.report.session.session_id,
            "candidate_id": printed.report.session.candidate_id,
            "exam_id": printed.report.session.exam_id,
            "signer": signing_public_text(signing.public_key()),
            "files": [{"path": path, **_hashed(data)} for path, data in contents.items()],
            "alerts": [_listed(one, line) for one, line in zip(stored, alerts, strict=True)],
        }
    )
    signature = base64.b64encode(signing.sign(DOMAIN + signed))
    return _zipped({"manifest.json": signed, "manifest.sig": signature, **contents})


def report_json(report: SessionReport) -> bytes:
    """A report as canonical JSON."""
    return canonical_json(report.model_dump(mode="json"))


def verifier() -> bytes:
    """The script that verifies bundles."""
    return files("coordinator.reports").joinpath("verify_bundle.py").read_bytes()


def _listed(stored: Stored, line: bytes) -> dict[str, Any]:
    return {
        "event_id": str(stored.alert.event_id),
        "revision": stored.revision,
        "node": str(stored.alert.metadata.node),
        "received_at": format_utc(stored.received_utc),
        "sha256": hashlib.sha256(line).hexdigest(),
    }


def _hashed(data: bytes) -> dict[str, Any]:
    return {"bytes": len(data), "sha256": hashlib.sha256(data).hexdigest()}


def _zipped(contents: Mapping[str, bytes]) -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        for path, data in contents.items():
            entry = zipfile.ZipInfo(path, _EPOCH)
            entry.compress_type = zipfile.ZIP_DEFLATED
            archive.writestr(entry, data)
    return out.getvalue()

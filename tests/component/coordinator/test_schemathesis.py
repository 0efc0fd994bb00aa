"""schemathesis over the whole description: no 5xx, no undocumented status, no answer against its schema.

It makes requests of the committed description, right ones and wrong ones, and takes names for the next from
answers to the last. Mostly it is given names of things that exist, for by itself it would hardly find one.
"""

from __future__ import annotations

import asyncio
import json
import sys
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final
from urllib.parse import urlsplit
from uuid import UUID, uuid4

import pytest

import coordinator
from shared.events import EventType
from shared.messages import VerifiedFrame
from shared.tokens import Role
from tests.component.coordinator.test_review_api import found
from tests.support.exam_site import Site, picture_base64
from tests.support.fake_node import FACE
from tests.support.nats import RunningServer
from tests.support.served_site import Served, served_site

PROGRAM: Final = Path(sys.executable).with_name("schemathesis")
DESCRIPTION: Final = Path(coordinator.__file__).with_name("openapi.json")
SEED: Final = "20261122"
EXAMPLES: Final = "8"
"""Per operation and phase; more find more and take longer."""
CHECKS: Final = (
    "not_a_server_error",
    "status_code_conformance",
    "content_type_conformance",
    "response_headers_conformance",
    "response_schema_conformance",
    "negative_data_rejection",
    "allow_header_conformance",
    "ignored_auth",
    "use_after_free",
)
SESSIONS: Final = 6
SEEN: Final = VerifiedFrame(
    frame_id=812,
    match=True,
    similarity=0.87,
    threshold=0.75,
    embedding_id=UUID(int=1),
    face=FACE,
    failed=(),
    captured_utc=datetime(2026, 11, 22, 14, tzinfo=UTC),
)
KNOWN_SHARE: Final = 0.8
"""How often a name that exists is taken."""
ENDS_ITS_OWN_RIGHTS: Final = "revoke_token_key"
"""Would revoke the key that signed the token of the run, and all that follows would be 401."""
MOST_NEVER_DONE: Final = 0.15
"""Share of the operations that may be refused all the time: they need what only people bring about, or come
after the end of every session. With more, the run would try little but refusals."""
CANDIDATES: Final = (
    "acknowledge_notice",
    "appeal_incident",
    "create_ticket",
    "get_consents",
    "get_outcomes",
    "get_session",
    "put_consent",
)
"""What a candidate may ask; the rest refuses one (`test_authorisation`)."""


@pytest.mark.timeout(600)
def test_every_answer_is_one_of_the_description(
    migrated_url: str, hub: RunningServer, tmp_path: Path
) -> None:
    async def explore() -> None:
        async with served_site(migrated_url, hub, tmp_path) as served:
            (tmp_path / "settings.toml").write_text(_settings(await _fill(served.site)))
            session = UUID((await served.site.get("/session/SESS-1")).json()["session_uuid"])
            candidate = served.site.token(Role.CANDIDATE, "CAND-SESS-1", session_id=session)
            administrator = served.site.token()
            own = [part for name in CANDIDATES for part in ("--include-operation-id", name)]
            rest = ["--exclude-operation-id", ENDS_ITS_OWN_RIGHTS]
            last = ["--include-operation-id", ENDS_ITS_OWN_RIGHTS]
            # What the coverage phase asks is refused before any database is.
            phases = "examples,fuzzing,stateful" + (",coverage" if "sqlite" in migrated_url else "")
            done: set[str] = set()
            for token, options in ((candidate, own), (administrator, rest), (administrator, last)):
                done |= await _run(served, tmp_path, token, "--phases", phases, *options)
            never = {one["operationId"] for one in _operations()} - done
            assert len(never) <= MOST_NEVER_DONE * len(_operations()), sorted(never)

    asyncio.run(explore())


async def _run(served: Served, folder: Path, token: str, *options: str) -> set[str]:
    """One run; the operations that did at least once as asked. Fails with what schemathesis says."""
    report = folder / f"report-{uuid4()}.ndjson"
    process = await asyncio.create_subprocess_exec(
        PROGRAM,
        *(
            "--config-file",
            str(folder / "settings.toml"),
            "run",
            str(DESCRIPTION),
            "--url",
            served.url,
            "--no-color",
        ),
        *("--checks", ",".join(CHECKS), "--continue-on-failure", "--suppress-health-check", "all"),
        *("--seed", SEED, "--max-examples", EXAMPLES, "--generation-database", "none"),
        *("--header", f"Authorization: Bearer {token}", "--report-ndjson-path", str(report), *options),
        cwd=folder,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.STDOUT,
    )
    said = (await process.communicate())[0].decode()
    assert process.returncode == 0, said
    return set(_done(report))


def _done(report: Path) -> Iterator[str]:
    names = {f"{one['method']} {one['path']}": one["operationId"] for one in _operations()}
    for line in report.read_text().splitlines():
        recorder = json.loads(line).get("ScenarioFinished", {}).get("recorder", {})
        answers = [one.get("response") for one in recorder.get("interactions", {}).values()]
        if recorder.get("label") in names and any(one and one["status_code"] < 300 for one in answers):
            yield names[recorder["label"]]


def _operations() -> list[dict[str, Any]]:
    paths = json.loads(DESCRIPTION.read_text())["paths"]
    return [
        {"path": path, "method": method.upper(), **operation}
        for path, methods in paths.items()
        for method, operation in methods.items()
    ]


async def _fill(site: Site) -> dict[str, list[str]]:
    """Let there be something of everything; the names of it by the parameter that takes them."""
    for exam in ("EXAM-1", "EXAM-2"):
        assert (await site.post("/exams", {"exam_id": exam, "title": "Biology"})).is_success
    incidents = []
    for number in range(1, SESSIONS + 1):
        [one] = await found(site, (EventType.FACE_MISMATCH, 1.0), session=f"SESS-{number}")
        incidents.append(str(one["incident_id"]))
    for person in ("ann", "bob"):
        confirmed = await site.post(
            f"/incidents/{incidents[0]}/confirm", headers=site.bearer(Role.PROCTOR, person)
        )
        assert confirmed.is_success
    site.node.verify = lambda asked: SEEN
    candidates = [f"CAND-SESS-{number}" for number in range(1, SESSIONS + 1)]
    joins = [await site.started(f"SESS-{number}", "CAND-9") for number in range(SESSIONS + 1, SESSIONS + 4)]
    codes = [urlsplit(str(one["join_url"])).fragment for one in joins]
    keys = [(await site.post("/token-keys")).json()["key_id"] for _ in range(2)]
    return {
        "path.key_id": keys,
        "path.session_id": [f"SESS-{number}" for number in range(1, SESSIONS + 1)],
        "path.exam_id": ["EXAM-1"],
        "path.candidate_id": candidates,
        "path.incident_id": incidents,
        "body.exam_id": ["EXAM-2"],  # its days are not moved by what is asked of the paths
        "body.candidate_id": candidates,
        "body.code": codes,
        "body.images[*].image_base64": [picture_base64()],
    }


def _settings(names: dict[str, list[str]]) -> str:
    parts = ["[phases.coverage]", 'unexpected-methods = ["PATCH"]']
    for number, values in enumerate(names.values()):
        parts += [f"[dictionaries.d{number}]", f"values = {json.dumps(values)}"]
    parts.append("[parameters]")
    for number, name in enumerate(names):
        parts.append(f'"{name}" = {{ dictionary = "d{number}", probability = {KNOWN_SHARE} }}')
    return "\n".join(parts) + "\n"

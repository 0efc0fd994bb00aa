"""schemathesis over the whole description: no 5xx, no undocumented status, no answer against its schema.

It makes requests of the committed description, right ones and wrong ones, and takes names for the next from
answers to the last. Mostly it is given names of things that exist, for by itself it would hardly find one.
"""

from __future__ import annotations

import asyncio
import json
import os
import sys
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, Final
from urllib.parse import urlsplit
from uuid import UUID, uuid4

import pytest

import coordinator
from coordinator.config import DeliveriesSection
from coordinator.sessions.notice import VERSION
from shared.consents import Purpose
from shared.events.types import EventType
from shared.messages.faces import VerifiedFrame
from shared.rates import Buckets, Rate
from shared.tokens import Role
from tests.component.coordinator.test_faces_api import agree, enroll, search, switch_on
from tests.support.devices import Device
from tests.support.exam_site import Site, picture_base64
from tests.support.excerpts import begun, published, spoken
from tests.support.findings import found, noticed
from tests.support.joining import ask_to_join, authority_of, new_token
from tests.support.nats import RunningServer
from tests.support.new_node import NewNode
from tests.support.node_answers import FACE
from tests.support.reviewers import Reviewers
from tests.support.served_site import Served, served_site
from tests.support.thorough import SEED, rounds

PROGRAM: Final = Path(sys.executable).with_name("schemathesis")
DESCRIPTION: Final = Path(coordinator.__file__).with_name("openapi.json")
KEPT: Final = Path(coordinator.__file__).parents[1] / ".hypothesis"
"""Where hypothesis keeps its tables of Unicode: to make them anew takes every run some seconds."""
EXAMPLES: Final = rounds(5, 60)
"""Per operation and phase; more find more and take longer."""
EVERYTHING: Final = ("--phases", "examples,fuzzing,stateful,coverage", "--max-examples", str(EXAMPLES))
WHAT_REACHES_A_DATABASE: Final = (
    *("--phases", "examples,fuzzing,stateful", "--mode", "positive"),
    *("--max-examples", str(EXAMPLES // 2)),
)
"""The same without what is wrong by the description, half of all and the whole phase of coverage: it is
refused before any database is. Fewer examples: what is left differs by the database alone."""
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
OWN: Final = "SESS-2"
"""The session of the candidate who asks."""
SESSIONS: Final = [OWN, *(f"SESS-{number}" for number in range(3, 8))]
CANDIDATES: Final = [f"CAND-{session}" for session in SESSIONS]
ENDING: Final = {"end_session": SESSIONS[-1], "terminate_session": SESSIONS[-2]}
"""What ends a session, and which: the other sessions run for whatever else is asked of them."""
MISNAMED: Final = "CAND-MISNAMED"
"""Whose id is corrected: the others keep theirs."""
OVER: Final = "SESS-OVER"
"""A session that is over, whose id may be corrected."""
LEAVING: Final = "CAND-8"
"""A candidate without a session, who may be forgotten."""
CAMERA_ONLY: Final = {"features": {"face_verification": False, "audio_monitoring": False}}
"""A policy with a notice of one purpose, which a list of any length acknowledges."""
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
HOOK: Final = {"name": "office", "url": "https://exams.example.org/hooks"}
KNOWN_SHARE: Final = 0.8
"""How often a name that exists is taken."""
ENDS_ITS_OWN_RIGHTS: Final = "revoke_token_key"
"""Would revoke the key that signed the token of the run, and all that follows would be 401."""
MOST_NEVER_DONE: Final = 0.1
"""Share of the operations that may be refused all the time: they need what only people bring about, or come
after the end of every session. With more, the run would try little but refusals."""
ASKED_BY_CANDIDATES: Final = (
    "acknowledge_notice",
    "appeal_incident",
    "create_ticket",
    "get_consents",
    "get_own_privacy",
    "get_outcomes",
    "get_route",
    "get_session",
    "get_told",
    "put_consent",
)
"""What a candidate may ask; the rest refuses one (`test_authorisation`)."""
ASKED_BY_OFFICERS: Final = (
    "correct_person",
    "correct_session",
    "decide_erasure_request",
    "delete_person",
    "export_person",
    "get_erasure",
    "get_privacy_status",
    "list_erasure_requests",
    "place_legal_hold",
    "release_legal_hold",
    "run_retention",
)
"""What only a data protection officer may ask. It is asked after all else of the institution: it erases."""
ASKED_BY_OPERATORS: Final = (
    "abort_rollout",
    "begin_rollout",
    "cordon_node",
    "create_join_token",
    "create_tenant",
    "disable_tenant",
    "drain_node",
    "enable_tenant",
    "get_metrics",
    "get_node_settings",
    "get_tenant",
    "list_node_certificates",
    "list_node_settings",
    "list_parked_messages",
    "list_rollouts",
    "list_tenants",
    "promote_rollout",
    "replay_parked_messages",
    "revoke_node",
    "set_settings_of_all",
    "set_settings_of_node",
    "set_settings_of_region",
    "uncordon_node",
)
"""What only an operator may ask. It is asked last: it may disable the institution of all the others."""


LONGEST_RUN: Final = timedelta(hours=4)
"""How long the tokens of those who ask are good, however slow the machine is."""


@dataclass(frozen=True, slots=True)
class Known:
    """Values that mean something, for a parameter of one operation or of every one that has it."""

    parameter: str
    values: Sequence[str | int]
    operation: str = ""


@pytest.mark.early
@pytest.mark.soak
@pytest.mark.timeout(rounds(1_500, 7_200))
def test_every_answer_is_one_of_the_description(
    migrated_url: str, hub: RunningServer, tmp_path: Path, nothing_resolves: None
) -> None:
    async def explore() -> None:
        async with served_site(migrated_url, hub, tmp_path) as served:
            (tmp_path / "settings.toml").write_text(_settings(await _fill(served.site)))
            session = UUID((await served.site.get(f"/session/{OWN}")).json()["session_uuid"])
            candidate = served.site.token(
                Role.CANDIDATE, CANDIDATES[0], session_id=session, lifetime=LONGEST_RUN
            )
            administrator, officer, operator = (
                served.site.token(role, lifetime=LONGEST_RUN)
                for role in (Role.ADMIN, Role.DPO, Role.OPERATOR)
            )
            own, erasing, above = (
                [part for name in names for part in ("--include-operation-id", name)]
                for names in (ASKED_BY_CANDIDATES, ASKED_BY_OFFICERS, ASKED_BY_OPERATORS)
            )
            rest = ["--exclude-operation-id", ENDS_ITS_OWN_RIGHTS]
            last = ["--include-operation-id", ENDS_ITS_OWN_RIGHTS]
            how = EVERYTHING if "sqlite" in migrated_url else WHAT_REACHES_A_DATABASE
            done: set[str] = set()
            runs = [
                (candidate, own),
                (administrator, rest),
                (officer, erasing),
                (administrator, last),
                (operator, above),
            ]
            for token, options in runs:
                done |= await _run(served, tmp_path, token, *how, *options)
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
        *("--seed", str(SEED), "--generation-database", "none"),
        *("--header", f"Authorization: Bearer {token}", "--report-ndjson-path", str(report), *options),
        cwd=folder,
        env=os.environ | {"HYPOTHESIS_STORAGE_DIRECTORY": str(KEPT)},
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


async def _fill(site: Site) -> list[Known]:
    """Let there be something of everything; the names of it."""
    # What is asked for the most would leave none to the rest of those who share the rate.
    site.parts.rates.report = Buckets(Rate(burst=100, per_s=0.5))
    kafka = DeliveriesSection(kafka=True)
    site.parts.config = site.parts.config.model_copy(update={"deliveries": kafka})
    for exam in ("EXAM-1", "EXAM-2"):
        assert (await site.post("/exams", {"exam_id": exam, "title": "Biology"})).is_success
    spoken = await _spoken(site)
    pairs = await _pairs(site)
    incidents = [await _incident(site, session) for session in SESSIONS]
    await _decide(site, incidents)
    site.node.verify = lambda asked: SEEN
    another = {"policy": {}, "reason": "For sessions that run to change to."}
    assert (await site.post("/exams/EXAM-1/policies", another)).is_success
    unbound: Any = {"policy": {"device_binding": False}}
    joins = [await site.started(f"JOIN-{number}", "CAND-9", **unbound) for number in range(3)]
    await site.started(OVER, "CAND-9")
    assert (await site.post(f"/session/{OVER}/end")).is_success
    codes = [urlsplit(str(one["join_url"])).fragment for one in joins]
    keys = [(await site.post("/token-keys")).json()["key_id"] for _ in range(2)]
    hooks = [(await site.post("/webhooks", HOOK)).json()["destination"]["destination_id"] for _ in range(4)]
    member, token = NewNode(), await new_token(site)
    assert (await ask_to_join(site, member)).is_success
    asks_to_join = NewNode().join(token, await authority_of(site, token))
    return [
        Known("path.destination_id", hooks[1:]),
        Known("path.destination_id", hooks[:1], "remove_destination"),
        Known("body.url", [HOOK["url"]]),
        Known("path.key_id", keys),
        Known("path.node_id", [str(member.node_id)]),
        Known("body.message", [asks_to_join["message"]], "join_fleet"),
        Known("body.message", [member.renew()["message"]], "renew_certificate"),
        Known("path.tenant_id", [str(await site.institution())]),
        Known("path.session_id", SESSIONS),
        *(Known("path.session_id", [one], operation) for operation, one in ENDING.items()),
        Known("path.session_id", [OWN], "acknowledge_notice"),
        Known("path.exam_id", ["EXAM-1"]),
        Known("path.candidate_id", CANDIDATES),
        Known("path.candidate_id", [LEAVING], "erase_enrollment"),
        Known("body.candidate_id", [MISNAMED], "correct_person"),
        Known("body.exam_session_id", [OVER], "correct_session"),
        Known("query.exam_id", ["EXAM-1"], "export_features"),
        Known("path.incident_id", incidents),
        Known("path.event_id", [spoken]),
        Known("path.pair_id", pairs),
        Known("body.alert_count", [1]),
        Known("body.based_on", [1], "change_session_policy"),
        Known("body.notice_version", [VERSION]),
        Known("body.purposes[*]", [Purpose.CAMERA_MONITORING]),
        Known("body.exam_id", ["EXAM-2"]),  # its days are not moved by what is asked of the paths
        Known("body.candidate_id", CANDIDATES),
        Known("body.code", codes),
        Known("body.device_key", [Device().key]),
        Known("body.images[*].image_base64", [picture_base64()]),
    ]


async def _spoken(site: Site) -> str:
    """An alert with what was said, in a session that nothing ends."""
    order = await begun(site)
    made = spoken(order, site)
    await published(site, made, order)
    return str(made.event_id)


async def _pairs(site: Site) -> list[str]:
    """Pairs of the candidates, who all have one face."""
    switch_on(site)
    for candidate in (*CANDIDATES, LEAVING, MISNAMED):
        await enroll(site, candidate)
    await agree(site, *CANDIDATES)
    return [one["pair_id"] for one in (await search(site, CANDIDATES[0])).json()["pairs"]]


async def _incident(site: Site, session: str) -> str:
    own = {"policy": CAMERA_ONLY} if session == OWN else {}
    [one] = await found(site, (EventType.FACE_MISMATCH, 1.0), session=session, **own)
    return str(one["incident_id"])


async def _decide(site: Site, incidents: list[str]) -> None:
    """The first is confirmed, and may be appealed against; the last has grown since it was dismissed."""
    people = Reviewers(site)
    for person in ("ann", "bob"):
        assert (await people.do(person, f"/incidents/{incidents[0]}/confirm")).is_success
    path = f"/incidents/{incidents[-1]}"
    assert (await people.do("ann", f"{path}/dismiss", {"reason": "harmless"})).is_success
    await noticed(site, (EventType.LEFT_FRAME, 2.0))


def _settings(names: list[Known]) -> str:
    parts = ["[phases.coverage]", 'unexpected-methods = ["PATCH"]']
    for number, name in enumerate(names):
        parts += [f"[dictionaries.d{number}]", f"values = {json.dumps(name.values)}"]
    everywhere = [(number, name) for number, name in enumerate(names) if not name.operation]
    parts += ["[parameters]", *(_binding(number, name) for number, name in everywhere)]
    for number, name in enumerate(names):
        if name.operation:
            parts += ["[[operations]]", f'include-operation-id = "{name.operation}"']
            parts += ["[operations.parameters]", _binding(number, name)]
    return "\n".join(parts) + "\n"


def _binding(number: int, name: Known) -> str:
    return f'"{name.parameter}" = {{ dictionary = "d{number}", probability = {KNOWN_SHARE} }}'

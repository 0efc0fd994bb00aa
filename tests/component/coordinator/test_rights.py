"""Every operation of the API, asked by everybody: the answers are those of `tests/data/rights.txt`."""

from __future__ import annotations

import asyncio
import re
import secrets
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final
from uuid import UUID

from sqlmodel import Session, select
from websockets.asyncio.client import connect
from websockets.exceptions import InvalidStatus
from websockets.typing import Subprotocol

from coordinator.sessions.tables import ExamSession
from coordinator.web_api.limits import BEARER_RATE
from shared.events.types import EventType
from shared.rates import Buckets
from shared.tokens import Role
from tests.support.exam_site import Site, enroll_body
from tests.support.findings import found
from tests.support.nats import RunningServer
from tests.support.rights import OWN_CANDIDATE, SESSION_ASKERS, STRANGE_CANDIDATE, TABLE, headers, read_table
from tests.support.served_site import Served, served_site

TITLE: Final = "Biology of our own institution"
TERMS: Final = ("policy", "verification_policy", "features_enabled", "exam_session_id")
"""What a candidate may not choose, and a name that is good once."""
MADE_AT: Final = {"revoke_token": "/tokens", "revoke_token_key": "/token-keys"}
LIVE_SOCKET: Final = "live_socket"
LIVE_SOCKET_PATH: Final = "/ws/{session_id}"
WALL_SOCKET: Final = "wall_socket"
WALL_SOCKET_PATH: Final = "/wall"
SOCKETS: Final = {LIVE_SOCKET: LIVE_SOCKET_PATH, WALL_SOCKET: WALL_SOCKET_PATH}
OPEN_TO_EVERYBODY: Final = {
    "/api/v1/openapi.json", "/join", "/console", "/console/vocabulary.js", "/console/bearer", "/how-it-works",
}  # fmt: skip
"""Pages and the description, which the table does not list. They hold nothing of anybody."""
HOOK: Final = {"name": "office", "url": "https://exams.example.org/hooks"}
TOKEN: Final = {"subject": "somebody", "role": "proctor"}


@dataclass(frozen=True, slots=True)
class Operation:
    """One of the description."""

    name: str
    method: str
    path: str
    query: tuple[str, ...]
    body: Mapping[str, Any] | None
    """Its example."""


def operations(description: Mapping[str, Any]) -> list[Operation]:
    """All of a description, and the live sockets, which OpenAPI has no word for."""
    schemas = description["components"]["schemas"]
    listed = [Operation(name, "GET", path, (), None) for name, path in SOCKETS.items()]
    for path, methods in description["paths"].items():
        for method, one in methods.items():
            content = one.get("requestBody", {}).get("content", {}).get("application/json", {})
            name = content.get("schema", {}).get("$ref", "").rpartition("/")[2]
            query = [p["name"] for p in one.get("parameters", ()) if p["in"] == "query" and p["required"]]
            example = schemas[name]["examples"][0] if name else None
            listed.append(Operation(one["operationId"], method.upper(), path, tuple(query), example))
    return listed


class World:
    """Something of everything in one institution, and another institution beside it."""

    def __init__(
        self, served: Served, names: dict[str, str], sessions: dict[str, UUID], strangers: UUID
    ) -> None:
        self.url = served.url
        self.site = served.site
        self.names = names
        self.sessions = sessions
        """By who asks with its token: of our candidate, and one of theirs."""
        self.strangers = strangers
        """The other institution."""

    @classmethod
    async def made(cls, served: Served) -> World:
        site = served.site
        site.issues_utc = datetime.now(UTC)  # before the keys are rotated, which is asked too
        site.parts.rates.candidate = Buckets(
            BEARER_RATE
        )  # one candidate asks everything, with several tokens
        strangers, idle = await site.institution("other"), await site.institution("idle")
        assert (await site.post("/exams", {"exam_id": "EXAM-1", "title": TITLE})).is_success
        assert (await site.post("/enroll", enroll_body(candidate=OWN_CANDIDATE))).is_success
        [incident] = await found(site, (EventType.FACE_MISMATCH, 1.0), session="SESS-1")
        await found(site, (EventType.FACE_MISMATCH, 1.0), session="SESS-2")
        sessions = {"sitting": UUID((await site.get("/session/SESS-1")).json()["session_uuid"])}
        for asker in ("strayed", "ended", "terminated"):
            started = await site.started(f"SESS-{asker}", OWN_CANDIDATE, exam_id="EXAM-2")
            sessions[asker] = UUID(started["session_uuid"])
        mine = {"headers": site.bearer(Role.CANDIDATE, OWN_CANDIDATE, session_id=sessions["ended"])}
        assert (await site.post("/session/SESS-ended/end", **mine)).is_success
        reason = {"reason": "Somebody else sat there."}
        assert (await site.post("/session/SESS-terminated/terminate", reason)).is_success
        await revive(site, "SESS-strayed")  # it ended with the terminated one
        theirs = {"headers": site.bearer(tenant_id=strangers)}
        start = {"candidate_id": STRANGE_CANDIDATE, "exam_id": "EXAM-1", "allow_unregistered": True}
        sessions["s-sitting"] = UUID(
            (await site.post("/session/start", start, **theirs)).json()["session_uuid"]
        )
        names = {
            "session_id": "SESS-1",
            "exam_id": "EXAM-1",
            "candidate_id": OWN_CANDIDATE,
            "incident_id": incident["incident_id"],
            "purpose": "camera-monitoring",
            "region": "campus",
            "tenant_id": str(idle),
            **dict.fromkeys(("version", "before", "after"), "1"),
            **dict.fromkeys(
                (
                    "event_id",
                    "pair_id",
                    "enrollment_id",
                    "node_id",
                    "hold_id",
                    "request_id",
                    "erasure_id",
                    "rollout_id",
                ),
                str(UUID(int=7)),
            ),  # of which there is none
        }
        return cls(served, names, sessions, strangers)

    async def answer(self, operation: Operation, asker: str) -> str:
        """What the asker is answered, in the table's words. Fails where an answer tells strangers of us."""
        await self._prepare(operation)
        if asker == "sitting":  # an operation before may have ended it
            await revive(self.site, "SESS-1")
        who = headers(self.site, asker, operation.name, self.sessions, self.strangers)
        if operation.name in SOCKETS:
            return await self._listen(operation, asker, who)
        response = await self.site.http.request(
            operation.method,
            re.sub(r"\{(\w+)\}", lambda match: self.names[match[1]], operation.path),
            json=self._body(operation, asker),
            params={name: self.names[name] for name in operation.query},
            headers=who,
        )
        ours = [TITLE, self.names["incident_id"], *(str(self.sessions[one]) for one in SESSION_ASKERS)]
        if asker == "operator":
            ours += [OWN_CANDIDATE, STRANGE_CANDIDATE, "SESS-", "EXAM-", str(self.sessions["s-sitting"])]
        strange = asker in ("nobody", "operator") or asker.startswith("s-")
        assert not (strange and any(mark in response.text for mark in ours)), (operation.name, asker)
        if response.status_code in (401, 403, 404):
            return str(response.status_code)
        # What stands in the way now (409, 410, a picture without a face) is no question of rights.
        assert response.status_code != 429, (operation.name, asker)  # then the question was not answered
        refused = response.status_code == 422 and response.json()["code"] == "invalid-request"
        assert response.status_code < 500 and not refused, (operation.name, asker, response.text)  # noqa: PT018
        return "apart" if asker.startswith("s-") else "yes"

    async def _listen(self, operation: Operation, asker: str, who: dict[str, str]) -> str:
        path = operation.path.replace("{session_id}", "SESS-1")
        url = f"{self.url.replace('http', 'ws')}{path}"
        try:
            async with connect(url, additional_headers=who, subprotocols=[Subprotocol("proctor.v1")]):
                return "apart" if asker.startswith("s-") else "yes"
        except InvalidStatus as refused:
            return str(refused.response.status_code)

    def _body(self, operation: Operation, asker: str) -> dict[str, Any] | None:
        if operation.body is None:
            return None
        body = dict(operation.body)
        if operation.name == "start_session":
            body = {name: value for name, value in body.items() if name not in TERMS}
        named: dict[str, str] = {
            name: self.names[name] for name in ("candidate_id", "exam_id") if name in body
        }
        if "new_candidate_id" in body:  # another one would take the candidate from the operations after it
            named["new_candidate_id"] = self.names["candidate_id"]
        if operation.name == "correct_session":  # the same, so that it keeps its id
            named |= dict.fromkeys(("exam_session_id", "new_exam_session_id"), self.names["session_id"])
        if "code" in body:  # wrong codes that begin alike are soon answered no more
            body["code"] = secrets.token_urlsafe(32)
        if asker.startswith("s-") and operation.name == "create_exam":
            named["exam_id"] = "EXAM-OF-THEIRS"
        if asker == "operator" and operation.name == "create_token":
            named["role"] = "operator"  # the only ones that an operator makes
        return body | named

    async def _prepare(self, operation: Operation) -> None:
        """Let there be again what asking once uses up."""
        if operation.name in MADE_AT:
            made = (await self.site.post(MADE_AT[operation.name], TOKEN)).json()
            self.names |= {name: made[name] for name in ("token_id", "key_id") if name in made}
        elif "{destination_id}" in operation.path:
            there = await self.site.get(f"/destinations/{self.names.get('destination_id')}")
            if not there.is_success:
                made = (await self.site.post("/webhooks", HOOK)).json()
                self.names["destination_id"] = made["destination"]["destination_id"]
        elif "accommodation" in operation.path:
            agreed = await self.site.http.put(
                f"/api/v1/exams/EXAM-1/accommodations/{OWN_CANDIDATE}",
                json={"extra_minutes": 5},
                headers=self.site.bearer(),
            )
            assert agreed.is_success


async def revive(site: Site, reference: str) -> None:
    """Let a session run again."""

    def work(db: Session) -> None:
        session = db.exec(select(ExamSession).where(ExamSession.reference == reference)).one()
        session.ended_utc = session.terminated_utc = None

    await site.parts.writing(work)


def undescribed(routes: Iterable[Any]) -> set[str]:
    """Paths of an application that its description leaves out."""
    found: set[str] = set()
    for route in routes:
        if hasattr(route, "original_router"):
            found |= undescribed(route.original_router.routes)
        elif not getattr(route, "include_in_schema", False):
            found.add(route.path)
    return found


def test_every_operation_answers_everybody_as_the_table_says(
    migrated_url: str, hub: RunningServer, tmp_path: Path, nothing_resolves: None
) -> None:
    rights = read_table()

    async def test() -> None:
        async with served_site(migrated_url, hub, tmp_path) as served:
            described = {one.name: one for one in operations(served.site.app.openapi())}
            named = {right.operation for right in rights}
            assert named == set(described), f"{TABLE.name} needs a line for each operation, and no other"
            assert undescribed(served.site.app.routes) == {*SOCKETS.values(), *OPEN_TO_EVERYBODY}
            world = await World.made(served)
            wrong = [
                (right, given)
                for right in rights
                if (given := await world.answer(described[right.operation], right.asker)) != right.answer
            ]
            assert wrong == []

    asyncio.run(test())

"""Two institutions with equal names for everything: each has only its own, whichever way it asks."""

from __future__ import annotations

import asyncio
import json
import struct
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import pytest
from sqlmodel import select
from websockets.exceptions import InvalidStatus

from coordinator.config import FacesSection
from coordinator.enrollments.face_tables import FacePair
from coordinator.tenants.tables import DEFAULT_TENANT_ID
from coordinator.tokens import key_service as token_keys
from shared.events.types import EventType
from shared.rates import Buckets, Rate
from shared.tokens import Claims, Role, issue
from tests.support.eventually import PATIENCE_S
from tests.support.exam_site import AD_HOC, OnSite, Site, enroll_body
from tests.support.exams import put
from tests.support.findings import found
from tests.support.node_answers import good_picture
from tests.support.served_site import listening_to, served

CANDIDATE = "CAND-SESS-1"
"""In both institutions."""
LISTS = (
    "/exams",
    "/exams/EXAM-1/policies",
    "/exams/EXAM-1/accommodations",
    "/sessions",
    "/alerts",
    "/incidents",
    "/incidents/precision",
    "/pending-enrollments",
    "/face-pairs",
    "/tokens",
    "/token-keys",
    f"/consents/{CANDIDATE}",
    f"/consents/{CANDIDATE}/history",
)
THINGS = (
    "/tenant",
    "/exams/EXAM-1",
    "/exams/EXAM-1/policy",
    f"/exams/EXAM-1/accommodations/{CANDIDATE}",
    f"/enrollments/{CANDIDATE}",
    "/session/SESS-1",
    "/session/SESS-1/timeline",
    "/session/SESS-1/policy",
    "/session/SESS-1/report",
)
"""What has the same address in both."""


async def two(site: Site) -> tuple[Site, Site]:
    """The people of two new institutions, with something of everything."""
    both = site.of(await site.institution("North")), site.of(await site.institution("South"))
    for one, name in zip(both, ("North", "South"), strict=True):
        await filled(one, name)
    return both


async def filled(site: Site, name: str) -> None:
    """An institution's exam, candidate, session, alert, incident, consent, accommodation and token; wherever
    words are free they name it."""
    site.node.enroll = lambda jpeg: good_picture(struct.pack("<2f", 1.0, 0.0))
    exam = {"exam_id": "EXAM-1", "title": f"Exam of {name}", "metadata": {"of": name}}
    assert (await site.post("/exams", exam)).status_code == 201
    assert (await site.post("/enroll", enroll_body(candidate=CANDIDATE))).status_code == 201
    yes = {"given": True, "text_version": name}
    await put(site, f"/consents/{CANDIDATE}/impersonation-search", yes, headers=site.bearer(subject=name))
    agreed = {"extra_minutes": len(name)}
    await put(site, f"/exams/EXAM-1/accommodations/{CANDIDATE}", agreed, headers=site.bearer(subject=name))
    await found(site, (EventType.FACE_MISMATCH, 1.0))
    token = {"subject": f"platform-of-{name}", "role": "system"}
    assert (await site.post("/tokens", token)).status_code == 201


async def marks(site: Site) -> set[str]:
    """Ids and words that only this institution has."""
    session = (await site.get("/session/SESS-1")).json()
    [incident] = (await site.get("/incidents")).json()["items"]
    [alert] = [
        one for one in (await site.get("/alerts")).json()["items"] if one["event_type"] == "FACE_MISMATCH"
    ]
    enrolled = (await site.get(f"/enrollments/{CANDIDATE}")).json()
    return {
        session["session_uuid"],
        incident["incident_id"],
        alert["event_id"],
        enrolled["enrollment_id"],
        (await site.get("/tenant")).json()["name"],
        str(site.home),
    }


def test_under_equal_names_each_finds_its_own_and_nothing_else(on_site: OnSite) -> None:
    async def test(site: Site) -> None:
        north, south = await two(site)
        norths, souths = await marks(north), await marks(south)
        assert norths.isdisjoint(souths)
        for path in (*LISTS, *THINGS):
            for one, own, others in ((north, norths, souths), (south, souths, norths)):
                answer = await one.get(path)
                assert answer.status_code == 200, (path, answer.text)
                assert [mark for mark in others if mark in answer.text] == [], path
                if path in ("/exams", "/sessions", "/alerts", "/incidents", "/tenant", "/session/SESS-1"):
                    assert any(mark in answer.text for mark in own), path  # it is not empty
        operator = {"headers": site.bearer(Role.OPERATOR)}
        listed = (await site.get("/tenants", **operator)).json()["items"]
        assert [row["name"] for row in listed][1:] == ["North", "South"]
        [node] = (await site.get("/nodes", **operator)).json()
        assert {"North", "South", CANDIDATE}.isdisjoint(json.dumps(node).split('"'))
        [seen] = (await north.get("/nodes")).json()
        assert (seen["node_id"], seen["sessions"]) == (node["node_id"], 1)  # its own, of the two that run

    on_site(test)


def test_the_ids_of_one_are_unknown_to_the_other(on_site: OnSite) -> None:
    async def test(site: Site) -> None:
        north, south = await two(site)
        [incident] = (await north.get("/incidents")).json()["items"]
        alert = next(
            one
            for one in (await north.get("/alerts")).json()["items"]
            if one["event_type"] == "FACE_MISMATCH"
        )
        token = (await north.post("/tokens", {"subject": "x", "role": "system"})).json()
        session = UUID((await south.get("/session/SESS-1")).json()["session_uuid"])
        place = f"/incidents/{incident['incident_id']}"
        staff = [south.bearer(role, "x") for role in Role if role is not Role.OPERATOR]
        seat = south.bearer(Role.CANDIDATE, CANDIDATE, session_id=session)
        before = (await north.get(place)).json()
        for who in (*staff, seat, south.bearer(Role.CANDIDATE, CANDIDATE)):
            for method, path, body in (
                ("GET", place, None),
                ("POST", f"{place}/claim", None),
                ("POST", f"{place}/comment", {"text": "x"}),
                ("POST", f"{place}/confirm", {"text": "x"}),
                ("POST", f"{place}/dismiss", {"reason": "harmless"}),
                ("POST", f"{place}/appeal", {"text": "It was my brother."}),
                ("GET", f"/alerts/{alert['event_id']}/excerpt", None),
                ("DELETE", f"/tokens/{token['token_id']}", None),
            ):
                answer = await site.http.request(method, f"/api/v1{path}", headers=who, json=body)
                assert answer.status_code in (403, 404), (method, path, answer.text)
        assert (await north.get(place)).json() == before
        assert token["token_id"] in [one["token_id"] for one in (await north.get("/tokens")).json()["items"]]

    on_site(test)


def test_what_is_done_in_one_leaves_the_other_as_it_is(on_site: OnSite) -> None:
    async def test(site: Site) -> None:
        north, south = await two(site)
        before = [(await south.get(path)).json() for path in THINGS[:-1]]
        assert (await north.post("/session/SESS-1/pause", {"reason": "A fire alarm."})).is_success
        await put(north, "/exams/EXAM-1", {"title": "Changed"})
        no = {"given": False, "text_version": "1", "confirm": True}
        await put(north, f"/consents/{CANDIDATE}/identity-verification", no)
        assert (await north.post("/session/SESS-1/terminate", {"reason": "It is over."})).is_success
        erased = await site.http.delete(f"/api/v1/enrollments/{CANDIDATE}", headers=north.bearer())
        assert erased.status_code == 204
        assert [(await south.get(path)).json() for path in THINGS[:-1]] == before
        assert (await south.post("/session/start", AD_HOC | {"candidate_id": CANDIDATE})).status_code == 201

    on_site(test)


async def next_said(client: Any) -> dict[str, Any]:
    async with asyncio.timeout(PATIENCE_S):
        while True:
            message: dict[str, Any] = json.loads(await client.recv())
            if message["type"] != "heartbeat":
                return message


async def flag_of(site: Site) -> str:
    items = (await site.get("/session/SESS-1/timeline")).json()["items"]
    [event_id] = [one["event_id"] for one in items if one["event_type"] == "PROCTOR_FLAG"]
    return str(event_id)


def test_live_sockets_and_tickets_lead_to_the_own_session_of_that_name(on_site: OnSite) -> None:
    async def test(site: Site) -> None:
        north, south = await two(site)
        async with served(site) as url:
            async with (
                listening_to(f"{url}/SESS-1", north.token()) as here,
                listening_to(f"{url}/SESS-1", south.token()) as there,
            ):
                for one in (north, south):
                    flagged = await one.post("/session/SESS-1/flag", {"reason": "Look here."})
                    assert flagged.is_success
                assert (await next_said(here))["event_id"] == await flag_of(north)
                assert (await next_said(there))["event_id"] == await flag_of(south)
            await north.post("/session/start", AD_HOC | {"exam_session_id": "ONLY-NORTH"})
            with pytest.raises(InvalidStatus) as refused:
                async with listening_to(f"{url}/ONLY-NORTH", south.token()):
                    pass
            assert refused.value.response.status_code == 404
        assert (await south.post("/session/ONLY-NORTH/ws-ticket")).status_code == 404
        ticket = (await south.post("/session/SESS-1/ws-ticket")).json()["ticket"]
        claims = site.parts.tickets.open(ticket, "SESS-1", datetime.now(UTC)).claims
        assert claims.tenant_id == south.home  # it opens the session that its bearer may see

    on_site(test)


def test_a_search_for_a_face_never_leaves_the_institution(on_site: OnSite) -> None:
    async def test(site: Site) -> None:
        north, south = await two(site)
        site.parts.config = site.parts.config.model_copy(
            update={"faces": FacesSection(impersonation_search=True)}
        )
        assert (await south.post("/enroll", enroll_body(candidate="TWIN"))).status_code == 201
        twin = {"given": True, "text_version": "1"}
        await put(south, "/consents/TWIN/impersonation-search", twin)
        path, reason = f"/enrollments/{CANDIDATE}/impersonation-search", {"reason": "Looks alike."}
        alone = (await north.post(path, reason)).json()
        assert (alone["searched"], alone["left_out"], alone["pairs"]) == (0, 0, [])
        found = (await south.post(path, reason)).json()
        assert [pair["other_candidate_id"] for pair in found["pairs"]] == ["TWIN"]
        pairs = await site.parts.reading(lambda db: db.exec(select(FacePair)).all())
        assert {pair.tenant_id for pair in pairs} == {south.home}
        [pair] = found["pairs"]
        verdict = {"verdict": "different-people", "text": "Twins."}
        foreign = await north.post(f"/face-pairs/{pair['pair_id']}/decide", verdict)
        assert foreign.status_code == 404

    on_site(test)


def test_an_idempotency_key_is_its_institutions_own(on_site: OnSite) -> None:
    async def test(site: Site) -> None:
        both = [site.of(await site.institution(name)) for name in ("North", "South")]
        asked = {"subject": "platform", "role": "system"}
        made = []
        for one in (*both, *both):
            key = {"Idempotency-Key": "the-same"}
            answer = await one.post("/tokens", asked, headers=one.bearer() | key)
            made.append(answer.json()["token_id"])
        assert made[:2] == made[2:]
        assert made[0] != made[1]
        other = await both[0].post(
            "/tokens", asked | {"subject": "b"}, headers=both[0].bearer() | {"Idempotency-Key": "the-same"}
        )
        assert other.json()["code"] == "idempotency-key-reused"

    on_site(test)


ONE = Rate(burst=1, per_s=0.001)


@pytest.mark.parametrize(
    ("kind", "role", "path", "body"),
    [
        ("bearer", Role.ADMIN, "/session/NONE/end", None),
        ("candidate", Role.CANDIDATE, "/session/NONE/end", None),
        ("token", Role.ADMIN, "/tokens", {"subject": "x", "role": "system"}),
        ("start", Role.SYSTEM, "/session/start", AD_HOC),
        ("ticket", Role.PROCTOR, "/session/NONE/ws-ticket", None),
        ("enroll", Role.ADMIN, "/practice-check", AD_HOC),
    ],
)
def test_who_asks_too_often_uses_up_nobody_elses_rate(
    on_sqlite: OnSite, kind: str, role: Role, path: str, body: Any
) -> None:
    async def test(site: Site) -> None:
        both = [site.of(await site.institution(name)) for name in ("North", "South")]
        setattr(site.parts.rates, kind, Buckets(ONE))
        codes = [
            (await one.post(path, body, headers=one.bearer(role, "the-same"))).status_code
            for one in (both[0], both[0], both[1], both[1])
        ]
        assert [code == 429 for code in codes] == [False, True, False, True]

    on_sqlite(test)


def test_a_key_of_one_institution_signs_nothing_for_another(on_site: OnSite) -> None:
    async def test(site: Site) -> None:
        north, south = await site.institution("North"), await site.institution("South")
        assert (await site.of(north).post("/token-keys")).status_code == 201
        signer = await site.parts.reading(lambda db: token_keys.active(db, site.parts.keys, north))

        def bearer(role: Role, tenant_id: UUID) -> dict[str, str]:
            token = issue(
                Claims(subject="dean", role=role, tenant_id=tenant_id),
                signer.key,
                key_id=signer.kid,
                now_utc=datetime.now(UTC),
                lifetime=timedelta(minutes=5),
            )
            return {"Authorization": f"Bearer {token}"}

        assert (await site.get("/exams", headers=bearer(Role.ADMIN, north))).status_code == 200
        for tenant_id in (south, DEFAULT_TENANT_ID, UUID(int=0)):
            refused = await site.get("/exams", headers=bearer(Role.ADMIN, tenant_id))
            assert refused.status_code == 401
        refused = await site.get("/tenants", headers=bearer(Role.OPERATOR, north))
        assert refused.status_code == 401

    on_site(test)

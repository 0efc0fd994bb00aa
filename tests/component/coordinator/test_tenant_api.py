"""Institutions over REST: made, listed, disabled, enabled, and what they decide about acknowledgements."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID, uuid4

import pytest
from sqlmodel import Session, select

from coordinator.destinations import outbox_service as outbox, service as destinations
from coordinator.destinations.outbox_service import News
from coordinator.destinations.tables import Delivery
from coordinator.destinations.wanted import Fact
from coordinator.tenants.institutions import INSTALLATION_ID
from coordinator.tenants.tables import DEFAULT_TENANT_ID
from coordinator.tokens import service as tokens
from coordinator.tokens.verifier import Verifier
from shared.api.destinations import WebhookRequest
from shared.deliveries import DeliveryKind
from shared.errors import Rejected
from shared.tokens import Audience, Claims, Role, verify
from tests.support.devices import Device, code_of as device_code
from tests.support.exam_site import AD_HOC, OnSite, Site, enroll_body
from tests.support.exams import made, put
from tests.support.node_answers import accepted
from tests.support.served_site import served
from tests.support.shell import Shell

IDENTITY, CAMERA, SPEECH = "identity-verification", "camera-monitoring", "speech-detection"
ELSEWHERE = {"required": False, "basis": "Examination regulations, section 12"}


async def answered(site: Site, path: str, body: Any = None, role: Role = Role.OPERATOR) -> Any:
    """The answer to a POST, as an operator."""
    answer = await site.post(path, body, headers=site.bearer(role))
    assert answer.is_success, answer.text
    return answer.json()


async def admin_of(site: Site, tenant_id: UUID) -> dict[str, str]:
    """An administrator whose token is on record, as the coordinator's own machine makes it."""
    wanted = tokens.NewToken(
        tenant_id=tenant_id,
        subject="dean",
        role=Role.ADMIN,
        lifetime=timedelta(minutes=30),
        issued_by="operator",
        now_utc=datetime.now(UTC),
    )
    token, _ = await site.parts.writing(lambda db: tokens.make(db, site.parts.keys, wanted))
    return {"Authorization": f"Bearer {token}"}


async def code_of(site: Site, method: str, path: str, headers: dict[str, str], body: Any = None) -> Any:
    answer = await site.http.request(method, f"/api/v1{path}", headers=headers, json=body)
    return answer.status_code, None if answer.is_success else answer.json()["code"]


def test_an_institution_is_made_once_and_listed_and_the_installation_is_none(on_site: OnSite) -> None:
    async def test(site: Site) -> None:
        operator = site.bearer(Role.OPERATOR)
        north = await answered(site, "/tenants", {"name": "North"})
        again = await site.post("/tenants", {"name": "North"}, headers=operator)
        assert (again.status_code, again.json()["code"]) == (409, "tenant-exists")
        first = (await site.get("/tenants", headers=operator, params={"limit": 1})).json()
        rest = (await site.get("/tenants", headers=operator, params={"cursor": first["next_cursor"]})).json()
        listed = first["items"] + rest["items"]
        assert [row["tenant_id"] for row in listed] == [str(DEFAULT_TENANT_ID), north["tenant_id"]]
        assert (await site.get(f"/tenants/{north['tenant_id']}", headers=operator)).json() == north
        for unknown in (INSTALLATION_ID, uuid4()):
            for method, path in (("GET", ""), ("POST", "/disable"), ("POST", "/enable")):
                told = await code_of(site, method, f"/tenants/{unknown}{path}", operator)
                assert told == (404, "tenant-unknown")
        assert (await site.get("/tenants", headers=operator)).status_code == 200  # operators go on

    on_site(test)


@pytest.mark.parametrize("name", ["", " ", " North", "North ", "a\x00b", "x" * 201])
def test_a_name_that_nobody_could_tell_apart_is_refused(on_sqlite: OnSite, name: str) -> None:
    async def test(site: Site) -> None:
        answer = await site.post("/tenants", {"name": name}, headers=site.bearer(Role.OPERATOR))
        assert (answer.status_code, answer.json()["code"]) == (422, "invalid-request")

    on_sqlite(test)


def test_a_token_of_an_institution_that_does_not_exist_is_refused_everywhere(on_site: OnSite) -> None:
    async def test(site: Site) -> None:
        nowhere = site.bearer(tenant_id=uuid4())
        for method, path in (("POST", "/token-keys"), ("POST", "/tokens"), ("GET", "/exams")):
            assert await code_of(site, method, path, nowhere) == (401, "tenant-unknown")

    on_site(test)


def test_a_disabled_institutions_tokens_die_at_once_and_for_ever(on_site: OnSite) -> None:
    async def test(site: Site) -> None:
        north = await site.institution("North")
        dean = await admin_of(site, north)
        made = await site.post("/tokens", {"subject": "platform", "role": "system"}, headers=dean)
        platform = {"Authorization": f"Bearer {made.json()['token']}"}
        candidate = site.bearer(Role.CANDIDATE, "CAND-1", tenant_id=north)
        bearers = (dean, platform, candidate)
        assert (await site.get("/exams", headers=platform)).status_code == 200
        disabled = await answered(site, f"/tenants/{north}/disable")
        assert disabled["disabled_by"] == "someone"
        assert await answered(site, f"/tenants/{north}/disable") == disabled  # the first time stands
        for one in bearers:
            assert await code_of(site, "GET", "/session/NONE", one) == (401, "tenant-disabled")
            assert (await code_of(site, "POST", "/session/start", one, AD_HOC))[0] == 401
        assert (await site.get("/exams")).status_code == 200  # others go on
        enabled = await answered(site, f"/tenants/{north}/enable")
        assert (enabled["disabled_at"], enabled["disabled_by"]) == (None, None)
        for one in (dean, platform):
            assert await code_of(site, "GET", "/exams", one) == (401, "token-invalid")
        fresh = await admin_of(site, north)
        assert (await site.get("/exams", headers=fresh)).status_code == 200
        await answered(site, f"/tenants/{north}/disable")  # a second time
        assert await code_of(site, "GET", "/exams", fresh) == (401, "tenant-disabled")

    on_site(test)


def test_a_running_exam_of_a_disabled_institution_goes_on_to_its_end_and_no_other_begins(
    on_site: OnSite,
) -> None:
    async def test(site: Site) -> None:
        north = await site.institution("North")
        staff = {"headers": site.bearer(tenant_id=north)}
        body = AD_HOC | {"exam_session_id": "SESS-N", "acknowledged": {"text_version": "1"}}
        started = (await site.post("/session/start", body, **staff)).json()
        order = site.node.obeyed.newest
        await answered(site, f"/tenants/{north}/disable")
        seat = {"Authorization": f"Bearer {started['session_token']}"}
        assert (await site.get("/session/SESS-N", headers=seat)).json()["status"] == "active"
        assert (await site.post("/session/SESS-N/ws-ticket", headers=seat)).status_code == 200
        await Device().joined(site, device_code(started))  # it may connect again
        assert site.node.obeyed.ended == []
        assert order.session_id == UUID(started["session_uuid"])
        assert (await site.post("/session/SESS-N/end", headers=seat)).status_code == 200
        assert (await site.get("/session/SESS-N", headers=seat)).status_code == 401  # its token too

    on_site(test)


def test_what_waited_while_an_institution_was_disabled_is_not_given_up_for_that(on_site: OnSite) -> None:
    async def test(site: Site) -> None:
        north, before = await site.institution("North"), datetime.now(UTC) - timedelta(days=5)
        started = await site.post("/session/start", AD_HOC, headers=site.bearer(tenant_id=north))
        news = News(
            tenant_id=north,
            session_id=UUID(started.json()["session_uuid"]),
            fact=Fact(DeliveryKind.VERDICT_GIVEN),
            subject_id=uuid4(),
            due_utc=before,
        )

        def note(db: Session) -> None:
            wanted = WebhookRequest(name="office", url="https://office.example.org/")
            destinations.make(db, Claims(subject="dean", role=Role.ADMIN, tenant_id=north), wanted, before)
            assert outbox.note(db, [news], before) == 1

        async def due_utc() -> datetime:
            return await site.parts.reading(lambda db: db.exec(select(Delivery.due_utc)).one())

        await site.parts.writing(note)
        await answered(site, f"/tenants/{north}/enable")
        assert await due_utc() == before, "it was enabled"
        await answered(site, f"/tenants/{north}/disable")
        await answered(site, f"/tenants/{north}/enable")
        assert datetime.now(UTC) - await due_utc() < timedelta(minutes=10)

    on_site(test)


def test_another_replica_follows_and_starts_nothing_in_the_meantime(on_site: OnSite) -> None:
    async def test(site: Site) -> None:
        north = await site.institution("North")
        dean = await admin_of(site, north)

        async def read() -> Any:
            return await site.parts.reading(
                lambda db: tokens.validity(db, site.parts.keys, datetime.now(UTC))
            )

        here, elsewhere = site.parts.verifier, Verifier(await read(), read)
        await answered(site, f"/tenants/{north}/disable")
        site.parts.verifier = elsewhere  # it knows nothing of this yet
        assert (await site.get("/exams", headers=dean)).status_code == 200
        for path, body in (
            ("/session/start", AD_HOC),
            ("/tokens", {"subject": "x", "role": "admin"}),
            ("/token-keys", {}),
        ):
            assert await code_of(site, "POST", path, dean, body) == (401, "tenant-disabled")
        [order] = site.node.obeyed.started
        assert [one.session_id for one in site.node.obeyed.ended] == [order.session_id]  # told to forget it
        await elsewhere.refresh()
        assert await code_of(site, "GET", "/exams", dean) == (401, "tenant-disabled")
        site.parts.verifier = here
        await answered(site, f"/tenants/{north}/enable")
        site.parts.verifier = elsewhere
        again = await admin_of(site, north)
        assert await code_of(site, "GET", "/exams", again) == (401, "tenant-disabled")
        await elsewhere.refresh()
        assert await code_of(site, "GET", "/exams", again) == (200, None)

    on_site(test)


def test_an_institution_disabled_while_its_session_starts_gets_none(on_site: OnSite) -> None:
    async def test(site: Site) -> None:
        north = await site.institution("North")

        def meanwhile(session_id: UUID) -> Any:
            from coordinator.tenants import service as tenants

            with site.parts.database.write() as db:
                tenants.disable(db, north, "someone", datetime.now(UTC))
            return accepted(session_id)

        site.node.accept = meanwhile
        staff = site.bearer(tenant_id=north)
        assert await code_of(site, "POST", "/session/start", staff, AD_HOC) == (401, "tenant-disabled")
        [order] = site.node.obeyed.started
        assert [one.session_id for one in site.node.obeyed.ended] == [order.session_id]  # told to forget it

    on_site(test)


def test_a_live_socket_of_a_disabled_institutions_staff_is_refused_and_its_ticket_too(
    on_sqlite: OnSite,
) -> None:
    async def test(site: Site) -> None:
        from coordinator.web_api.security import check_still_good

        north = await site.institution("North")
        staff = site.bearer(tenant_id=north)
        await site.post("/session/start", AD_HOC | {"exam_session_id": "SESS-N"}, headers=staff)
        ticket = (await site.post("/session/SESS-N/ws-ticket", headers=staff)).json()["ticket"]
        claims = site.parts.tickets.open(ticket, "SESS-N", datetime.now(UTC)).claims
        check_still_good(site.parts, claims)
        await answered(site, f"/tenants/{north}/disable")
        with pytest.raises(Rejected, match="disabled"):  # what an open socket asks at each heartbeat
            check_still_good(site.parts, claims)

    on_sqlite(test)


def test_an_operator_makes_and_revokes_operators_and_nobody_else_makes_one(on_site: OnSite) -> None:
    async def test(site: Site) -> None:
        wanted = {"subject": "night-shift", "role": "operator"}
        made = await answered(site, "/tokens", wanted)
        night = {"Authorization": f"Bearer {made['token']}"}
        assert (await site.get("/tenants", headers=night)).status_code == 200
        claims = verify(made["token"], site.parts.keys.token.public_key(), audience=Audience.COORDINATOR)
        assert claims.tenant_id == INSTALLATION_ID
        for role in ("admin", "system", "proctor", "dpo", "candidate"):
            asked = {"subject": "x", "role": role}
            told = await code_of(site, "POST", "/tokens", site.bearer(Role.OPERATOR), asked)
            assert told == (403, "role-forbidden")
        assert await code_of(site, "POST", "/tokens", site.bearer(), wanted) == (403, "role-forbidden")
        assert (await site.get("/tokens")).json()["items"] == []  # an administrator sees no operator
        listed = (await site.get("/tokens", headers=site.bearer(Role.OPERATOR))).json()["items"]
        assert [row["subject"] for row in listed] == ["night-shift"]
        gone = await code_of(site, "DELETE", f"/tokens/{made['token_id']}", site.bearer(Role.OPERATOR))
        assert gone[0] == 204
        assert (await site.get("/tenants", headers=night)).status_code == 401

    on_site(test)


def test_an_administrator_of_one_institution_cannot_lock_operators_out(on_site: OnSite) -> None:
    async def test(site: Site) -> None:
        own = site.parts.keys.token_key_id
        await site.post("/token-keys")
        answer = await site.http.delete(f"/api/v1/token-keys/{own}", headers=await admin_of_default(site))
        assert answer.status_code == 204
        assert (await site.get("/tenants", headers=site.bearer(Role.OPERATOR))).status_code == 200

    on_site(test)


async def admin_of_default(site: Site) -> dict[str, str]:
    return await admin_of(site, DEFAULT_TENANT_ID)


async def without_acknowledgement(site: Site, reference: str = "SESS-1", **who: Any) -> list[str]:
    """What a session waits for whose candidate has acknowledged nothing."""
    body = AD_HOC | {"exam_session_id": reference}
    answer = await site.post("/session/start", body, headers=site.bearer(**who))
    assert answer.status_code == 201, answer.text
    waits: list[str] = answer.json()["not_acknowledged"]
    return waits


def test_acknowledgements_are_required_until_an_institution_says_on_what_else_it_rests(
    on_site: OnSite,
) -> None:
    async def test(site: Site) -> None:
        own = (await site.get("/tenant")).json()
        assert [rule["required"] for rule in own["acknowledgements"]] == [True] * 3
        assert await without_acknowledgement(site) == [CAMERA, IDENTITY, SPEECH]
        enroll = enroll_body(candidate="CAND-2") | {"acknowledged": None}
        assert (await site.post("/enroll", enroll)).json()["code"] == "acknowledgement-missing"
        for purpose in (CAMERA, IDENTITY):
            own = await put(site, f"/tenant/acknowledgements/{purpose}", ELSEWHERE)
        camera = own["acknowledgements"][0]
        assert (camera["required"], camera["basis"]) == (False, ELSEWHERE["basis"])
        assert (camera["recorded_by"], camera["recorded_at"] is None) == ("someone", False)
        assert (await site.get("/tenant", headers=site.bearer(Role.DPO))).json() == own
        assert await without_acknowledgement(site, "SESS-2") == [SPEECH]
        assert (await site.post("/enroll", enroll)).status_code == 201
        north = await site.institution("North")  # another institution has its own rule
        assert await without_acknowledgement(site, tenant_id=north) == [CAMERA, IDENTITY, SPEECH]
        await put(site, f"/tenant/acknowledgements/{CAMERA}", {"required": True})
        assert await without_acknowledgement(site, "SESS-3") == [CAMERA, SPEECH]
        running = (await site.get("/session/SESS-2")).json()  # what runs keeps its rule
        assert running["not_acknowledged"] == [SPEECH]

    on_site(test)


def test_another_policy_in_a_running_session_keeps_to_the_institutions_rule(on_site: OnSite) -> None:
    async def test(site: Site) -> None:
        await made(site, policy={"without_acknowledgement": [SPEECH]})
        await put(site, f"/tenant/acknowledgements/{CAMERA}", ELSEWHERE)
        assert await without_acknowledgement(site) == [IDENTITY]
        change = {"policy": {"sensitivity": "low"}, "reason": "calmer", "based_on": 1}
        await put(site, "/session/SESS-1/policy", change)
        assert (await site.get("/session/SESS-1")).json()["not_acknowledged"] == [IDENTITY, SPEECH]

    on_site(test)


def test_a_withdrawal_counts_on_any_basis(on_site: OnSite) -> None:
    async def test(site: Site) -> None:
        await put(site, f"/tenant/acknowledgements/{IDENTITY}", ELSEWHERE)
        assert await without_acknowledgement(site) == [CAMERA, SPEECH]
        no = {"given": False, "text_version": "1", "confirm": True}
        await put(site, f"/consents/CAND-1/{IDENTITY}", no)
        assert (await site.get("/session/SESS-1")).json()["withdrawn"] == [IDENTITY]
        refused = await site.post("/session/start", AD_HOC)
        assert refused.json()["code"] == "consent-withdrawn"

    on_site(test)


@pytest.mark.parametrize(
    ("purpose", "rule", "code"),
    [
        (CAMERA, {"required": False}, "invalid-request"),
        (CAMERA, {"required": True, "basis": "x"}, "invalid-request"),
        (CAMERA, {"required": False, "basis": " "}, "invalid-request"),
        (CAMERA, {"required": 0, "basis": "x"}, "invalid-request"),
        ("speech-transcription", ELSEWHERE, "own-consent-needed"),
        ("impersonation-search", ELSEWHERE, "own-consent-needed"),
        ("advertising", ELSEWHERE, "invalid-request"),
    ],
)
def test_a_rule_without_a_basis_or_for_what_needs_a_yes_is_refused(
    on_sqlite: OnSite, purpose: str, rule: dict[str, Any], code: str
) -> None:
    async def test(site: Site) -> None:
        answer = await put(site, f"/tenant/acknowledgements/{purpose}", rule, 422)
        assert answer["code"] == code

    on_sqlite(test)


def test_a_consent_of_a_mistyped_candidate_is_refused_and_makes_nobody(on_site: OnSite) -> None:
    async def test(site: Site) -> None:
        yes, path = {"given": True, "text_version": "1"}, f"/consents/CAND-l/{IDENTITY}"
        for role in (Role.ADMIN, Role.SYSTEM, Role.DPO):
            refused = await put(site, path, yes, 404, headers=site.bearer(role))
            assert refused["code"] == "candidate-unknown"
        assert (await site.get("/consents/CAND-l")).status_code == 404
        flagged = yes | {"allow_unregistered": True}
        mine = site.bearer(Role.CANDIDATE, "CAND-l")
        assert (await put(site, path, flagged, 403, headers=mine))["code"] == "staff-only"
        await put(site, path, yes, headers=mine)  # known to whoever gave it its token
        await put(site, f"/consents/CAND-2/{IDENTITY}", flagged)
        await put(site, f"/consents/CAND-2/{IDENTITY}", yes)  # from now on it is known

    on_site(test)


def test_an_operator_and_an_administrator_use_the_command_line(on_sqlite: OnSite) -> None:
    async def test(site: Site) -> None:
        async with served(site) as url:
            ops, dean = Shell(site, url, "ops", Role.OPERATOR), Shell(site, url, "dean", Role.ADMIN)
            made = await ops.data("tenants", "create", "North")
            listed = await ops.data("tenants", "list")
            assert [row["name"] for row in listed] == ["default", "North"]
            disabled = await ops.data("tenants", "disable", "North", "--yes")
            assert (disabled["tenant_id"], disabled["disabled_by"]) == (made["tenant_id"], "ops")
            enabled = await ops.data("tenants", "enable", made["tenant_id"])
            assert enabled["disabled_at"] is None
            code, _, error = await ops.run("tenants", "disable", "Nowhere", "--yes")
            assert (code, "no institution named Nowhere" in error) == (1, True)
            for words in (("tenants", "list"), ("tenants", "create", "South")):
                code, _, error = await dean.run(*words)
                assert (code, "required: operator" in error) == (1, True)
            basis = ("--basis", "Examination regulations")
            own = await dean.data("tenants", "acknowledgement", CAMERA, *basis)
            assert own == await dean.data("tenants", "own")
            assert [rule["required"] for rule in own["acknowledgements"]] == [False, True, True]
            own = await dean.data("tenants", "acknowledgement", CAMERA, "--required")
            assert [rule["required"] for rule in own["acknowledgements"]] == [True] * 3
            code, _, error = await dean.run("tenants", "acknowledgement", CAMERA)
            assert (code, "give a basis" in error) == (1, True)

    on_sqlite(test)

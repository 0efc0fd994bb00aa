"""Tokens of an external issuer, against an issuer that runs."""

import asyncio
from collections.abc import Callable, Coroutine, Iterator
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import uuid4

import jwt
import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from coordinator.config import IssuerSection
from coordinator.oidc import cache, issuer
from coordinator.oidc.issuer import Issuer
from coordinator.tenants.tables import DEFAULT_TENANT_ID
from shared.errors import Rejected, Unavailable
from shared.tokens import Role
from tests.support.exam_site import OnSite, Site
from tests.support.file_server import FileServer, serving_files
from tests.support.issuer import AUDIENCE, ISSUER, jwk, jwks, rsa_key, signed

ALL_ROLES = {"exam-staff": "proctor", "exam-admin": "admin", "night-shift": "operator"}
RSA, ED = rsa_key(), Ed25519PrivateKey.generate()


@pytest.fixture
def served() -> Iterator[FileServer]:
    with serving_files() as server:
        server.files["jwks"] = jwks(jwk(RSA, "rsa"), jwk(ED, "ed"))
        yield server


def section(served: FileServer, **changes: Any) -> IssuerSection:
    return IssuerSection.model_validate(
        {
            "issuer": ISSUER,
            "jwks_url": f"{served.url}/jwks",
            "audience": AUDIENCE,
            "algorithms": ["RS256", "EdDSA"],
            "roles": {"exam-staff": "proctor", "exam-admin": "admin"},
            "tenant": str(DEFAULT_TENANT_ID),
            **changes,
        }
    )


def with_issuer(settings: IssuerSection, work: Callable[[Issuer], Coroutine[Any, Any, None]]) -> None:
    async def run() -> None:
        external = Issuer(settings)
        try:
            await work(external)
        finally:
            await external.close()

    asyncio.run(run())


async def refusal(external: Issuer, token: str) -> str:
    with pytest.raises(Rejected) as refused:
        await external.verify(token)
    assert refused.value.status == 401
    return refused.value.code


def test_tokens_of_both_algorithms_are_good_and_the_keys_are_fetched_once(served: FileServer) -> None:
    served.files["jwks"] = served.files["jwks"].ljust(issuer.MAX_DOCUMENT_BYTES)  # as long as it may be

    async def work(external: Issuer) -> None:
        tokens = [signed(RSA, "rsa"), signed(ED, "ed", roles="exam-admin")] * 10
        claims = await asyncio.gather(*(external.verify(token) for token in tokens))
        assert {one.role for one in claims} == {Role.PROCTOR, Role.ADMIN}
        assert claims[0].subject == "bob@example.org"
        assert claims[0].expires_utc is not None
        assert len(served.asked) == 1

    with_issuer(section(served), work)


def test_whatever_is_wrong_with_a_token_it_is_refused(served: FileServer) -> None:
    past = datetime.now(UTC) - timedelta(minutes=1)
    pem = RSA.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)
    body = {"iss": ISSUER, "aud": AUDIENCE, "sub": "x", "roles": "exam-admin", "exp": 2**31}
    cases = {
        "another audience": signed(RSA, "rsa", aud="another"),
        "another issuer": signed(RSA, "rsa", iss="https://login.example.org/other"),
        "no subject": signed(RSA, "rsa", sub=None),
        "no expiry": signed(RSA, "rsa", exp=None),
        "another key": signed(rsa_key(), "rsa"),
        "another algorithm under the same kid": signed(ED, "rsa"),
        "no kid": signed(RSA, ""),
        "unsigned": jwt.encode(body, "", algorithm="none", headers={"kid": "rsa"}),
        "the public key as a secret": _hmac_with(pem, body),
    }

    async def work(external: Issuer) -> None:
        for what, token in cases.items():
            assert await refusal(external, token) == "token-invalid", what
        assert await refusal(external, signed(RSA, "rsa", exp=past)) == "token-expired"
        for changes in ({"roles": ["gardener"]}, {"roles": None}, {"roles": {"a": 1}}, {"sub": "x" * 300}):
            assert await refusal(external, signed(RSA, "rsa", **changes)) == "token-unmapped", changes

    with_issuer(section(served), work)


def _hmac_with(pem: bytes, body: dict[str, Any]) -> str:
    """What a library that lets the token choose its algorithm would accept."""
    import base64
    import hashlib
    import hmac
    import json

    def part(data: bytes) -> bytes:
        return base64.urlsafe_b64encode(data).rstrip(b"=")

    head = part(json.dumps({"alg": "HS256", "typ": "JWT", "kid": "rsa"}).encode())
    text = head + b"." + part(json.dumps(body).encode())
    return (text + b"." + part(hmac.new(pem, text, hashlib.sha256).digest())).decode()


def test_only_the_algorithms_of_the_configuration_are_accepted(served: FileServer) -> None:
    async def work(external: Issuer) -> None:
        assert (await external.verify(signed(ED, "ed"))).role is Role.PROCTOR
        assert await refusal(external, signed(RSA, "rsa")) == "token-invalid"

    with_issuer(section(served, algorithms=["EdDSA"]), work)


def test_the_institution_comes_from_the_claim_that_names_it(served: FileServer) -> None:
    tenant = uuid4()

    async def work(external: Issuer) -> None:
        assert (await external.verify(signed(RSA, "rsa", school="north"))).tenant_id == tenant
        for school in ("south", None, ["north"]):
            assert await refusal(external, signed(RSA, "rsa", school=school)) == "token-unmapped"

    by_claim = section(served, tenant=None, tenant_claim="school", tenants={"north": str(tenant)})
    with_issuer(by_claim, work)


def test_a_new_key_is_fetched_when_its_first_token_comes(
    served: FileServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(cache, "FETCH_PAUSE_S", 0.0)
    new = rsa_key()

    async def work(external: Issuer) -> None:
        await external.verify(signed(RSA, "rsa"))
        served.files["jwks"] = jwks(jwk(new, "new"))
        await external.verify(signed(new, "new"))
        assert await refusal(external, signed(RSA, "rsa")) == "token-invalid"  # named no more
        asked = len(served.asked)
        assert await refusal(external, signed(RSA, "rsa")) == "token-invalid"
        assert len(served.asked) == asked  # an unknown kid is not asked for again at once

    with_issuer(section(served), work)


def test_an_issuer_that_fails_leaves_its_last_keys_in_force(
    served: FileServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(cache, "FETCH_PAUSE_S", 0.0)
    monkeypatch.setattr(cache, "FRESH_FOR_S", 0.0)
    bad = (b"<html>", b"{}", b'{"keys": []}', b"[" * 100_000, b" " * (issuer.MAX_DOCUMENT_BYTES + 1))

    async def work(external: Issuer) -> None:
        await external.verify(signed(RSA, "rsa"))
        for document in bad:
            served.files["jwks"] = document
            assert (await external.verify(signed(RSA, "rsa"))).role is Role.PROCTOR
        del served.files["jwks"]
        assert (await external.verify(signed(RSA, "rsa"))).role is Role.PROCTOR
        assert len(served.asked) == len(bad) + 2

    with_issuer(section(served), work)


def test_an_issuer_that_never_answered_is_away_and_not_asked_all_the_time(served: FileServer) -> None:
    del served.files["jwks"]

    async def work(external: Issuer) -> None:
        for _ in range(3):
            with pytest.raises(Unavailable):
                await external.verify(signed(RSA, "rsa"))
        assert len(served.asked) == 1

    with_issuer(section(served), work)


def test_a_redirection_to_other_keys_is_not_followed(served: FileServer) -> None:
    async def redirect(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        writer.write(b"HTTP/1.1 302 Found\r\nConnection: close\r\nContent-Length: 0\r\n")
        writer.write(f"Location: {served.url}/jwks\r\n\r\n".encode())
        await writer.drain()
        writer.close()

    async def test() -> None:
        async with await asyncio.start_server(redirect, "127.0.0.1", 0) as server:
            port = server.sockets[0].getsockname()[1]
            external = Issuer(section(served, jwks_url=f"http://127.0.0.1:{port}/jwks"))
            with pytest.raises(Unavailable):
                await external.verify(signed(RSA, "rsa"))
            await external.close()
        assert served.asked == []

    asyncio.run(test())


def test_bearers_of_both_kinds_use_the_api_side_by_side(on_sqlite: OnSite, served: FileServer) -> None:
    async def test(site: Site) -> None:
        await site.started()
        external = Issuer(section(served))
        site.parts.issuers = {ISSUER: external}
        theirs = {"Authorization": f"Bearer {signed(RSA, 'rsa')}"}
        assert (await site.get("/session/SESS-1", headers=theirs)).status_code == 200
        assert (await site.get("/session/SESS-1")).status_code == 200
        assert (await site.post("/tokens", {}, headers=theirs)).json()["code"] == "role-forbidden"
        forged = {"Authorization": f"Bearer {signed(rsa_key(), 'rsa')}"}
        assert (await site.get("/session/SESS-1", headers=forged)).status_code == 401
        ticket = await site.post("/session/SESS-1/ws-ticket", headers=theirs)
        assert ticket.status_code == 200

    on_sqlite(test)


def test_a_bearer_is_of_the_institution_that_its_claim_names_while_that_works(
    on_site: OnSite, served: FileServer
) -> None:
    async def test(site: Site) -> None:
        north = await site.institution("North")
        tenants = {"north": str(north), "gone": str(uuid4())}
        external = Issuer(
            section(served, tenant=None, tenant_claim="school", tenants=tenants, roles=ALL_ROLES)
        )
        site.parts.issuers = {ISSUER: external}

        def bearer(**claims: Any) -> dict[str, str]:
            return {"Authorization": f"Bearer {signed(RSA, 'rsa', **claims)}"}

        async def told(who: dict[str, str], path: str = "/tenant") -> Any:
            answer = await site.get(path, headers=who)
            return answer.json()["name" if answer.is_success and path == "/tenant" else "code"]

        dean = bearer(school="north", roles=["member", "exam-admin"])
        assert await told(dean) == "North"
        for school in ("south", "default", str(north), None, ["north"]):
            assert await told(bearer(school=school, roles="exam-admin")) == "token-unmapped"
        assert await told(bearer(school="gone", roles="exam-admin")) == "tenant-unknown"
        assert await told(bearer(school="north", roles=["no-exam-admin"])) == "token-unmapped"
        ops = bearer(roles="night-shift")
        assert (await site.get("/tenants", headers=ops)).status_code == 200
        assert await told(ops, "/exams") == "role-forbidden"
        disabled = await site.post(f"/tenants/{north}/disable", headers=ops)
        assert disabled.status_code == 200
        assert await told(dean) == "tenant-disabled"
        await site.post(f"/tenants/{north}/enable", headers=ops)
        assert await told(dean) == "North"  # only its issuer ends this token
        await external.close()

    on_site(test)

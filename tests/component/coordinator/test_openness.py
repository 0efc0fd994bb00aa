"""Everybody reads how the software works, without a token, with what an institution has set."""

from __future__ import annotations

from uuid import uuid4

import httpx

from coordinator.tenants.tables import DEFAULT_TENANT_ID
from shared.tokens import Role
from tests.support.exam_site import OnSite, Site

BASIS = "Examination regulations, section 12 & more"


async def read(site: Site, path: str, institution: object = None) -> httpx.Response:
    """As somebody without a token."""
    params = {} if institution is None else {"institution": str(institution)}
    return await site.http.get(path, params=params)


def test_the_notice_says_on_which_basis_an_institution_relies(on_site: OnSite) -> None:
    async def test(site: Site) -> None:
        rule = {"required": False, "basis": BASIS}
        set_so = await site.http.put(
            "/api/v1/tenant/acknowledgements/camera-monitoring", json=rule, headers=site.bearer(Role.ADMIN)
        )
        assert set_so.is_success, set_so.text
        for institution, named, relied in ((None, None, False), (DEFAULT_TENANT_ID, "default", True)):
            answer = await read(site, "/api/v1/privacy/notice", institution)
            assert answer.status_code == 200, answer.text
            said = answer.json()
            assert said["institution"] == named
            [camera] = [one for one in said["purposes"] if one["purpose"] == "camera-monitoring"]
            assert (BASIS in camera["basis"]) is relied
            page = await read(site, "/how-it-works", institution)
            assert (page.status_code, page.headers["content-type"]) == (200, "text/html; charset=utf-8")
            assert ("section 12 &amp; more" in page.text) is relied
            assert "someone" not in page.text, "who of the staff has set it"
        assert "script" not in page.headers["content-security-policy"]
        for path in ("/api/v1/privacy/notice", "/how-it-works"):
            assert (await read(site, path, uuid4())).status_code == 404
            assert (await read(site, path, "nonsense")).status_code == 422

    on_site(test)


def test_a_link_leads_to_the_notice_of_its_own_institution(on_sqlite: OnSite) -> None:
    async def test(site: Site) -> None:
        code = (await site.started())["join_url"].split("#")[1]
        seen = await site.post("/join/look", {"code": code})
        assert seen.json()["how_it_works"] == f"/how-it-works?institution={DEFAULT_TENANT_ID}"
        assert (await site.http.get(seen.json()["how_it_works"])).status_code == 200

    on_sqlite(test)

"""Who may do what to exams, accommodations and consents."""

import pytest

from shared.tokens import Role
from tests.support.exam_site import OnSite, Site
from tests.support.exams import AGREED, EXAM, made, put

ROUTES = (
    ("POST", "/exams", EXAM | {"exam_id": "EXAM-2"}),
    ("GET", "/exams", None),
    ("GET", "/exams/EXAM-1", None),
    ("PUT", "/exams/EXAM-1", {"title": "Another"}),
    ("POST", "/exams/EXAM-1/policies", {"policy": {}, "reason": "test"}),
    ("GET", "/exams/EXAM-1/policies", None),
    ("GET", "/exams/EXAM-1/policy", None),
    ("GET", "/exams/EXAM-1/policies/1", None),
    ("GET", "/exams/EXAM-1/policy-diff?before=1&after=1", None),
    ("GET", "/exams/EXAM-1/accommodations", None),
    ("PUT", "/exams/EXAM-1/accommodations/CAND-1", {"extra_minutes": 5}),
    ("GET", "/exams/EXAM-1/accommodations/CAND-1", None),
    ("GET", "/consents/CAND-1", None),
    ("GET", "/consents/CAND-1/history", None),
    ("PUT", "/consents/CAND-1/camera-monitoring", {"given": True, "text_version": "1"}),
    ("DELETE", "/exams/EXAM-1/accommodations/CAND-1", None),
)
STAFF_READS = {1, 2, 5, 6, 7, 8}
PRIVACY_READS = {9, 11, 12, 13, 14}
OWN = {11, 12, 13, 14}
MAY = {
    Role.ADMIN: set(range(len(ROUTES))),
    Role.SYSTEM: set(range(len(ROUTES))),
    Role.PROCTOR: STAFF_READS,
    Role.DPO: STAFF_READS | PRIVACY_READS,
    Role.CANDIDATE: OWN,
    Role.OPERATOR: set[int](),
}
"""Which of the routes each role may use; a candidate for itself."""


async def call(site: Site, number: int, headers: dict[str, str]) -> int:
    method, path, body = ROUTES[number]
    answer = await site.http.request(method, f"/api/v1{path}", json=body, headers=headers)
    return answer.status_code


@pytest.mark.parametrize("role", Role)
def test_each_role_may_do_its_own_and_nothing_else(on_sqlite: OnSite, role: Role) -> None:
    async def test(site: Site) -> None:
        await made(site)
        await put(site, "/exams/EXAM-1/accommodations/CAND-1", AGREED)
        for number, (method, path, _) in enumerate(ROUTES):
            status = await call(site, number, site.bearer(role, "CAND-1"))
            allowed = number in MAY[role]
            assert (status < 300) is allowed, (role, method, path, status)
            assert allowed or status == 403

    on_sqlite(test)


def test_a_candidate_sees_nothing_of_another_one(on_sqlite: OnSite) -> None:
    async def test(site: Site) -> None:
        await made(site)
        await put(site, "/exams/EXAM-1/accommodations/CAND-1", AGREED)
        for number in OWN:
            assert await call(site, number, site.bearer(Role.CANDIDATE, "CAND-2")) == 403

    on_sqlite(test)


def test_another_institutions_exams_do_not_exist(on_site: OnSite) -> None:
    async def test(site: Site) -> None:
        await made(site)
        await put(site, "/exams/EXAM-1/accommodations/CAND-1", AGREED)
        stranger = site.bearer(tenant_id=await site.institution())
        for number, (method, path, _) in enumerate(ROUTES):
            if "EXAM-1" in path:
                assert await call(site, number, stranger) == 404, (method, path)
        assert (await site.get("/exams", headers=stranger)).json()["items"] == []
        assert (await site.get("/consents/CAND-1", headers=stranger)).status_code == 404

    on_site(test)

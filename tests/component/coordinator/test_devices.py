"""Which device may open a session by its link: bound, asked, approved, moved; and what does not get in."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import pytest
from sqlmodel import select

from coordinator.sessions.binding import ASK_VALID, MAX_ASKING
from coordinator.sessions.tables import Device as DeviceRow
from shared.events.types import EventType
from shared.tokens import Role
from tests.support.devices import Device, code_of
from tests.support.exam_site import OnSite, Site

UNBOUND: Any = {"policy": {"device_binding": False}}


def bearer(page: dict[str, Any]) -> dict[str, str]:
    return {"Authorization": f"Bearer {page['session_token']}"}


async def devices(site: Site, session: str = "SESS-1") -> list[dict[str, Any]]:
    items: list[dict[str, Any]] = (await site.get(f"/session/{session}/devices")).json()["items"]
    return items


async def waiting(site: Site) -> str:
    """The id of the one device that asks."""
    [asking] = [one for one in await devices(site) if one["ask_expires_at"] is not None]
    return str(asking["device_id"])


async def approve(site: Site, device_id: str, **options: Any) -> tuple[int, str]:
    answer = await site.post("/session/SESS-1/approve-device", {"device_id": device_id}, **options)
    return answer.status_code, answer.json().get("code", answer.json().get("state"))


async def second_devices(site: Site) -> list[dict[str, Any]]:
    items = (await site.get("/session/SESS-1/timeline")).json()["items"]
    return [one for one in items if one["event_type"] == EventType.SECOND_DEVICE]


def test_a_link_works_until_the_session_ends_on_the_device_that_started(on_site: OnSite) -> None:
    async def test(site: Site) -> None:
        started, mine = await site.started(), Device()
        code = code_of(started)
        assert started["join_url_expires_at"] == started["session_expires_at"]
        assert (await mine.look(site, code))["device"] == "free"
        tokens = {(await mine.joined(site, code))["session_token"] for _ in range(3)}
        assert len(tokens) == 3
        assert (await mine.look(site, code))["device"] == "yours"
        site.at(datetime.now(UTC) + timedelta(hours=2))  # its fifteen minutes are long over
        await mine.joined(site, code)
        [row] = await devices(site)
        assert (row["state"], row["asked_at"], row["approved_by"]) == ("bound", None, None)
        await site.post("/session/SESS-1/end")
        over = await site.post("/join/look", {"code": code}, headers={})
        assert (over.status_code, over.json()["code"]) == (410, "session-ended")

    on_site(test)


def test_looking_at_a_link_changes_nothing_and_gives_no_way_in(on_site: OnSite) -> None:
    async def test(site: Site) -> None:
        code = code_of(await site.started())
        for method in ("GET", "HEAD"):
            assert (await site.http.request(method, "/join")).status_code in (200, 405)
            assert (await site.http.request(method, "/api/v1/join")).status_code == 405
        for body in ({"code": code}, {"code": code, "device_key": Device().key}):
            seen = (await site.post("/join/look", body, headers={})).json()
            assert "session_token" not in seen
            assert seen["webrtc_config"]["ice_servers"] == []
        keyless = await site.post("/join", {"code": code}, headers={})
        assert (keyless.status_code, keyless.json()["code"]) == (409, "device-key-missing")
        assert await devices(site) == []
        await Device().joined(site, code)  # the candidate, after all scanners

    on_site(test)


def test_another_device_gets_in_only_by_a_persons_approval_and_the_earlier_one_ends(on_site: OnSite) -> None:
    async def test(site: Site) -> None:
        code = code_of(await site.started())
        mine, other = Device(), Device()
        first = await mine.joined(site, code)
        refused = await other.open(site, code)
        assert (refused.status_code, refused.json()["code"]) == (409, "device-elsewhere")
        assert (await other.look(site, code))["device"] == "elsewhere"
        asked = (await other.ask(site, code)).json()
        assert asked["device"] == "asked"
        assert [one["evidence"]["check_number"] for one in await second_devices(site)] == [
            asked["check_number"]
        ]
        assert (await second_devices(site))[0]["severity_score"] == 0.0
        assert (await other.open(site, code)).status_code == 409
        assert (await site.get("/session/SESS-1", headers=bearer(first))).status_code == 200
        assert await approve(site, await waiting(site), headers=site.bearer(subject="ann")) == (200, "bound")
        assert (await site.get("/session/SESS-1", headers=bearer(first))).json()["code"] == "device-moved"
        assert (await mine.look(site, code))["device"] == "elsewhere"
        assert (await mine.open(site, code)).json()["code"] == "device-elsewhere"
        moved = await other.joined(site, code)
        assert (await site.get("/session/SESS-1", headers=bearer(moved))).status_code == 200
        assert [order.device for order in site.node.obeyed.changed] == [2]
        states = {(one["state"], one["approved_by"]) for one in await devices(site)}
        assert states == {("ended", None), ("bound", "ann")}
        assert [one["evidence"].get("approved_by") for one in await second_devices(site)] == [None, "ann"]
        # … and back again, by the same way.
        assert (await mine.ask(site, code)).json()["device"] == "asked"
        assert (await approve(site, await waiting(site)))[0] == 200
        await mine.joined(site, code)
        assert (await site.get("/session/SESS-1", headers=bearer(moved))).json()["code"] == "device-moved"

    on_site(test)


def test_what_does_not_open_a_session(on_site: OnSite) -> None:
    async def test(site: Site) -> None:
        one, two = await site.started(), await site.started("SESS-2", "CAND-2")
        mine, thief = Device(), Device()
        first = mine.proof(one["session_uuid"], "first")
        assert (await site.post("/join", {"code": code_of(one), "device": first}, headers={})).is_success
        challenge = str((await mine.look(site, code_of(one)))["challenge"])
        good = mine.proof(one["session_uuid"], challenge)
        cases: list[tuple[str, str, dict[str, str], int, str]] = [
            ("the first claim again", code_of(one), first, 409, "signature-outdated"),
            ("a claim for another session", code_of(two), good, 409, "signature-outdated"),
            (
                "another's key under the signature",
                code_of(one),
                {**good, "key": thief.key},
                409,
                "device-elsewhere",
            ),
            (
                "our key, another's signature",
                code_of(one),
                {**thief.proof(one["session_uuid"], challenge), "key": mine.key},
                409,
                "signature-outdated",
            ),
            ("halves of nothing", code_of(one), {**good, "signature": "A" * 86}, 409, "signature-outdated"),
            (
                "no signature's length",
                code_of(one),
                {**good, "signature": "A" * 99},
                409,
                "signature-outdated",
            ),
            ("no key", code_of(two), {**good, "key": "A" * 122}, 422, "device-key-invalid"),
            ("an unknown link", "A" * 32, good, 404, "join-code-unknown"),
        ]
        for name, code, proof, status, why in cases:
            answer = await site.post("/join", {"code": code, "device": proof}, headers={})
            assert (answer.status_code, answer.json()["code"]) == (status, why), name
        assert await devices(site, "SESS-2") == []
        sent = {"code": code_of(one), "device": good}
        both = await asyncio.gather(*(site.post("/join", sent, headers={}) for _ in range(2)))
        assert sorted(answer.status_code for answer in both) == [200, 409]  # a challenge is good once
        await site.post("/session/SESS-1/end")
        answer = await site.post("/join", sent, headers={})
        assert (answer.status_code, answer.json()["code"]) == (410, "session-ended")

    on_site(test)


def test_of_two_first_devices_one_is_bound(on_site: OnSite) -> None:
    async def test(site: Site) -> None:
        started = await site.started()
        proofs = [Device().proof(started["session_uuid"], "first") for _ in range(4)]
        bodies = [{"code": code_of(started), "device": proof} for proof in proofs]
        answers = await asyncio.gather(*(site.post("/join", body, headers={}) for body in bodies))
        assert sorted(answer.status_code for answer in answers) == [200, 409, 409, 409]
        assert [one["state"] for one in await devices(site)] == ["bound"]

    on_site(test)


@pytest.mark.parametrize(
    ("role", "status"),
    [
        (Role.PROCTOR, 200),
        (Role.ADMIN, 200),
        (Role.SYSTEM, 403),
        (Role.DPO, 403),
        (Role.CANDIDATE, 403),
    ],
)
def test_people_approve_and_nobody_else(on_sqlite: OnSite, role: Role, status: int) -> None:
    async def test(site: Site) -> None:
        code = code_of(await site.started())
        await Device().joined(site, code)
        await Device().ask(site, code)
        who = site.bearer(role, "CAND-1")
        assert (await approve(site, await waiting(site), headers=who))[0] == status

    on_sqlite(test)


def test_a_stale_request_is_not_approved(on_site: OnSite) -> None:
    async def test(site: Site) -> None:
        code = code_of(await site.started())
        mine, other, third = Device(), Device(), Device()
        await mine.joined(site, code)
        for one in (other, third):
            assert (await one.ask(site, code)).is_success
        [first, second] = [one for one in await devices(site) if one["state"] == "asked"]
        for _ in range(2):  # one click, sent twice, is one approval
            assert await approve(site, first["device_id"]) == (200, "bound")
        assert len([one for one in await second_devices(site) if "approved_by" in one["evidence"]]) == 1
        assert await approve(site, str(UUID(int=7))) == (404, "device-unknown")
        bound_before = [one for one in await devices(site) if one["state"] == "ended"]
        assert await approve(site, bound_before[0]["device_id"]) == (409, "request-stale")
        site.at(datetime.now(UTC) + ASK_VALID)
        assert await approve(site, second["device_id"]) == (409, "request-stale")
        assert (await third.look(site, code))["device"] == "elsewhere"
        assert (await third.ask(site, code)).json()["device"] == "asked"  # anew
        await site.post("/session/SESS-1/end")
        assert await approve(site, second["device_id"]) == (410, "session-ended")

    on_site(test)


def test_a_request_of_another_institution_or_session_is_not_found(on_sqlite: OnSite) -> None:
    async def test(site: Site) -> None:
        code = code_of(await site.started())
        await Device().joined(site, code)
        await Device().ask(site, code)
        asking = await waiting(site)
        await site.started("SESS-2", "CAND-2")
        answer = await site.post("/session/SESS-2/approve-device", {"device_id": asking})
        assert (answer.status_code, answer.json()["code"]) == (404, "device-unknown")

    on_sqlite(test)


def test_nobody_floods_staff_with_requests(on_sqlite: OnSite) -> None:
    async def test(site: Site) -> None:
        code = code_of(await site.started())
        await Device().joined(site, code)
        asking = Device()
        for _ in range(3):
            assert (await asking.ask(site, code)).is_success
        assert len(await second_devices(site)) == 1
        answers = [(await Device().ask(site, code)).status_code for _ in range(MAX_ASKING + 2)]
        assert answers == [200] * (MAX_ASKING - 1) + [409] * 3

    on_sqlite(test)


def test_another_link_ends_the_ones_before_it_and_no_device(on_site: OnSite) -> None:
    async def test(site: Site) -> None:
        started, mine = await site.started(), Device()
        page = await mine.joined(site, code_of(started))
        made = (await site.post("/session/SESS-1/link", headers=site.bearer(Role.SYSTEM))).json()
        assert made["join_url_expires_at"] == started["session_expires_at"]
        old = await site.post("/join/look", {"code": code_of(started)}, headers={})
        assert (old.status_code, old.json()["code"]) == (410, "join-code-replaced")
        assert (await site.get("/session/SESS-1", headers=bearer(page))).status_code == 200
        assert (await mine.look(site, code_of(made)))["device"] == "yours"
        assert (await Device().look(site, code_of(made)))["device"] == "elsewhere"
        await mine.joined(site, code_of(made))
        once = {"headers": site.bearer() | {"Idempotency-Key": "one-click"}}
        both = [(await site.post("/session/SESS-1/link", **once)).json()["join_url"] for _ in range(2)]
        assert both[0] == both[1]
        more = (await site.post("/session/SESS-1/extra-time", {"minutes": 10, "reason": "x"})).status_code
        again = (await site.post("/session/SESS-1/link")).json()
        assert more == 200
        assert again["join_url_expires_at"] > made["join_url_expires_at"]
        for role, status in ((Role.PROCTOR, 201), (Role.DPO, 403), (Role.CANDIDATE, 403)):
            who = {"headers": site.bearer(role, "CAND-1")}
            assert (await site.post("/session/SESS-1/link", **who)).status_code == status
        await site.post("/session/SESS-1/end")
        assert (await site.post("/session/SESS-1/link")).status_code == 410

    on_site(test)


def test_where_the_policy_binds_no_device_the_link_alone_is_enough(on_site: OnSite) -> None:
    async def test(site: Site) -> None:
        code = code_of(await site.started(**UNBOUND))
        assert (await Device().look(site, code))["device"] == "open"
        pages = [(await site.post("/join", {"code": code}, headers={})).json() for _ in range(2)]
        for page in pages:
            assert (await site.get("/session/SESS-1", headers=bearer(page))).status_code == 200
        assert (await Device().ask(site, code)).json()["device"] == "open"
        assert await devices(site) == []
        # Turned on while it runs, it binds the next device that opens, and ends those before.
        bound = {"policy": {"device_binding": True}, "reason": "x", "based_on": 1}
        changed = await site.http.put("/api/v1/session/SESS-1/policy", json=bound, headers=site.bearer())
        assert changed.is_success, changed.text
        await Device().joined(site, code)
        for page in pages:
            assert (await site.get("/session/SESS-1", headers=bearer(page))).json()["code"] == "device-moved"

    on_site(test)


def test_a_token_of_the_start_is_the_institutions_and_bound_to_no_device(on_sqlite: OnSite) -> None:
    async def test(site: Site) -> None:
        started = await site.started()
        code = code_of(started)
        await Device().joined(site, code)
        await Device().ask(site, code)
        await approve(site, await waiting(site))
        assert (await site.get("/session/SESS-1", headers=bearer(started))).status_code == 200

    on_sqlite(test)


def test_no_secret_of_a_device_or_link_is_stored(on_sqlite: OnSite) -> None:
    async def test(site: Site) -> None:
        code, mine = code_of(await site.started()), Device()
        await mine.joined(site, code)
        [row] = await site.parts.reading(lambda db: db.exec(select(DeviceRow)).all())
        assert (row.key, row.number) == (mine.key, 1)
        assert row.challenge != "first"
        assert code not in row.model_dump_json()

    on_sqlite(test)


def test_a_page_that_is_loaded_again_is_told_what_was_said(on_site: OnSite) -> None:
    async def test(site: Site) -> None:
        page = await Device().joined(site, code_of(await site.started()))
        for text in ("Please move into the light.", "Thank you."):
            assert (await site.post("/session/SESS-1/message", {"message": text})).is_success
        assert (await site.post("/session/SESS-1/flag", {"reason": "unseen"})).is_success
        told = (await site.get("/session/SESS-1/told", headers=bearer(page))).json()["items"]
        assert [one["message"] for one in told] == ["Please move into the light.", "Thank you."]
        assert {one["type"] for one in told} == {"message"}
        stranger = site.bearer(Role.CANDIDATE, "CAND-2")
        assert (await site.get("/session/SESS-1/told", headers=stranger)).status_code == 403

    on_site(test)

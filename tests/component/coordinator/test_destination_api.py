"""Destinations over REST and with `proctorctl`, and verdicts on their way out."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any, Final
from uuid import uuid4

from sqlmodel import Session, col, update
from standardwebhooks import Webhook

from coordinator.config import DeliveriesSection
from coordinator.destinations.tables import Delivery, DeliveryState
from shared.events.types import EventType
from shared.tokens import Role
from tests.support.eventually import until
from tests.support.exam_site import OnSite, Site
from tests.support.findings import found
from tests.support.reviewers import Reviewers, code, later
from tests.support.served_site import served
from tests.support.shell import Shell
from tests.support.sink import Sink, sink, status

PUBLIC: Final = "https://exams.example.org/hooks"


def open_to_this_machine(site: Site) -> None:
    """As the setting `deliveries.loopback` has it."""
    opened = DeliveriesSection(loopback=True)
    site.parts.config = site.parts.config.model_copy(update={"deliveries": opened})


async def made(site: Site, url: str, **wanted: Any) -> tuple[str, str]:
    """A webhook's id and secret."""
    answer = await site.post("/webhooks", {"name": "office", "url": url, "filter": wanted})
    assert answer.status_code == 201, answer.text
    return answer.json()["destination"]["destination_id"], answer.json()["secret"]


def test_a_url_that_leads_inside_is_refused_when_it_is_entered(on_sqlite: OnSite) -> None:
    async def test(site: Site) -> None:
        for url in (
            "http://exams.example.org/",
            "https://10.0.0.7/",
            "https://[fd00:ec2::254]/",
            "https://127.0.0.1/",
            "http://127.0.0.1:9/",
            "https://user@exams.example.org/",
            "https://exams.example.org/#part",
            "https:///",
        ):
            refused = await site.post("/webhooks", {"name": "office", "url": url})
            assert code(refused) == (422, "invalid-request"), url
            assert refused.json()["errors"][0]["path"] == "body.url"
        assert (await site.get("/destinations")).json() == []

    on_sqlite(test)


def test_an_administrator_makes_looks_at_changes_and_removes_a_webhook(on_site: OnSite) -> None:
    async def test(site: Site) -> None:
        key = {"headers": site.bearer() | {"Idempotency-Key": "once"}}
        body = {"name": "office", "url": PUBLIC}
        first, again = [(await site.post("/webhooks", body, **key)).json() for _ in range(2)]
        assert first == again
        assert first["secret"].startswith("whsec_")
        shown = first["destination"]
        home = f"/destinations/{shown['destination_id']}"
        assert (await site.get("/destinations")).json() == [shown]
        assert (await site.get(home)).json() == shown
        assert shown["filter"]["details"] == ["explanation", "evidence", "metadata"]
        assert first["secret"] not in (await site.get(home)).text

        wanted = {"kinds": ["verdict.given"], "details": ["candidate"]}
        put = await site.http.put(f"/api/v1{home}/filter", json=wanted, headers=site.bearer())
        assert put.json()["filter"]["kinds"] == ["verdict.given"]
        paused = (await site.post(f"{home}/pause")).json()
        assert (paused["paused_by"], paused["paused_at"] is None) == ("someone", False)
        assert (await site.post(f"{home}/pause", headers=site.bearer(subject="other"))).json() == paused
        assert (await site.post(f"{home}/resume")).json()["paused_at"] is None

        rotated = (
            await site.post(f"/webhooks/{shown['destination_id']}/secret", {"overlap_hours": 1})
        ).json()
        assert rotated["secret"] != first["secret"]
        assert (await site.get(home)).json()["former_secret_until"] == rotated["former_secret_until"]

        theirs = {"headers": site.bearer(tenant_id=await site.institution())}
        assert (await site.get("/destinations", **theirs)).json() == []
        assert code(await site.get(home, **theirs)) == (404, "destination-unknown")

        removed = await site.http.delete(f"/api/v1{home}", headers=site.bearer())
        assert removed.status_code == 204
        assert (await site.get("/destinations")).json() == []
        for path in (home, f"{home}/dead-letters"):
            assert code(await site.get(path)) == (404, "destination-unknown")
        for path in ("pause", "resume", "test", "replay"):
            assert code(await site.post(f"{home}/{path}")) == (404, "destination-unknown")

    on_site(test)


def test_proctorctl_does_the_same(on_site: OnSite) -> None:
    async def test(site: Site) -> None:
        open_to_this_machine(site)
        async with served(site) as url, sink() as receiver:
            shell = Shell(site, url, "alice", Role.ADMIN)
            given = await shell.data("webhooks", "create", "office", receiver.url, "--class", "conduct")
            assert given["filter"]["event_classes"] == ["conduct"]
            tested = await shell.data("destinations", "test", "office")
            assert (tested["delivered"], tested["error"]) == (True, None)
            [got] = receiver.taken
            assert Webhook(given["secret"]).verify(got.text, got.headers)["type"] == "test"
            receiver.answer = None
            receiver.fails_first(100, status(500))
            code_, out, _ = await shell.run("destinations", "test", "office")
            assert (code_, "status-500" in out) == (1, True)
            [listed] = await shell.data("destinations", "list")
            assert (listed["name"], listed["waiting"]) == ("office", 0)
            narrowed = await shell.data("destinations", "filter", "office", "--kind", "alert.raised")
            assert narrowed["filter"]["kinds"] == ["alert.raised"]
            assert narrowed["filter"]["event_classes"] is None
            assert (await shell.data("destinations", "pause", "office"))["paused_by"] == "alice"
            assert (await shell.data("destinations", "resume", "office"))["paused_by"] is None
            rotated = await shell.data("webhooks", "rotate-secret", "office", "--yes")
            assert rotated["secret"] != given["secret"]
            since = ("--since", "2026-11-22T14:00:00Z")
            assert await shell.data("destinations", "replay", "office", *since) == {"count": 0}
            assert await shell.data("destinations", "dead-letters", "office") == []
            code_, out, _ = await shell.run("destinations", "show", given["destination_id"])
            assert (code_, "explanation, evidence, metadata" in out) == (0, True)
            code_, _, err = await shell.run(
                "destinations", "replay", "office", *since, "--delivery", str(uuid4())
            )
            assert (code_, "not both" in err) == (1, True)
            assert (await shell.run("destinations", "remove", "office", "--yes"))[0] == 0
            code_, _, err = await shell.run("destinations", "show", "office")
            assert (code_, "there is no destination named office" in err) == (1, True)

    on_site(test)


def test_dead_letters_are_listed_page_by_page_and_some_are_sent_again(on_site: OnSite) -> None:
    async def test(site: Site) -> None:
        open_to_this_machine(site)
        async with sink() as receiver:
            destination_id, _ = await made(site, receiver.url)
            home = f"/destinations/{destination_id}"
            await site.post(f"{home}/pause")
            await found(site, (EventType.FACE_MISMATCH, 1.0), (EventType.LEFT_FRAME, 100.0))
            noted = (await site.get(home)).json()["waiting"]
            assert noted >= 2
            await site.parts.writing(_give_up)
            letters = await _pages(site, f"{home}/dead-letters", 1)
            assert len(letters) == noted == len({one["delivery_id"] for one in letters})
            assert {one["exam_session_id"] for one in letters} == {"SESS-1"}
            assert (await site.get(home)).json()["dead_letters"] == noted
            one = {"delivery_ids": [letters[0]["delivery_id"]]}
            assert (await site.post(f"{home}/replay", one)).json() == {"count": 1}
            assert (await site.post(f"{home}/replay", one)).json() == {"count": 0}, "it waits already"
            await site.post(f"{home}/resume")
            await until(lambda: receiver.taken, "it is delivered")
            assert {got.parcel_id for got in receiver.taken} == {letters[0]["delivery_id"]}
            assert (await site.post(f"{home}/replay")).json() == {"count": noted - 1}

    on_site(test)


def _give_up(db: Session) -> None:
    dead = {"state": DeliveryState.DEAD, "reason": "status-422", "settled_utc": datetime.now(UTC)}
    db.exec(update(Delivery).where(col(Delivery.state) == DeliveryState.WAITING).values(**dead))


async def _pages(site: Site, path: str, limit: int) -> list[dict[str, Any]]:
    items: list[dict[str, Any]] = []
    params: dict[str, Any] = {"limit": limit}
    while True:
        page = (await site.get(path, params=params)).json()
        items += page["items"]
        if page["next_cursor"] is None:
            return items
        params["cursor"] = page["next_cursor"]


def verdicts(receiver: Sink) -> list[dict[str, Any]]:
    """What is told of verdicts, each once."""
    told = {got.parcel_id: got.body for got in receiver.taken if got.body["type"].startswith("verdict.")}
    return list(told.values())


def test_a_verdict_is_told_once_it_can_no_longer_be_undone_and_so_is_its_withdrawal(on_site: OnSite) -> None:
    async def test(site: Site) -> None:
        open_to_this_machine(site)
        people = Reviewers(site)
        async with sink() as receiver:
            await made(site, receiver.url, details=["reviewer", "text"])
            [undone] = await found(site, (EventType.FACE_MISMATCH, 1.0), session="SESS-1")
            [kept] = await found(site, (EventType.FACE_MISMATCH, 1.0), session="SESS-2")
            [open_one] = await found(site, (EventType.FACE_MISMATCH, 1.0), session="SESS-3")
            no = {"reason": "harmless", "text": "A mirror."}
            site.at(datetime.now(UTC))
            for incident in (undone, kept):
                path = f"/incidents/{incident['incident_id']}/dismiss"
                assert (await people.do("ann", path, no)).status_code == 200
            first = f"/incidents/{open_one['incident_id']}/confirm"
            assert code(await people.do("ann", first)) == (200, "seconding")
            back = await people.do("ann", f"/incidents/{undone['incident_id']}/undo")
            assert back.status_code == 200, back.text
            assert verdicts(receiver) == []

            later(site, 20.0)
            await until(lambda: verdicts(receiver), "the verdict is told")
            [told] = verdicts(receiver)
            assert (told["type"], told["data"]["incident_id"]) == ("verdict.given", kept["incident_id"])
            assert (told["data"]["state"], told["data"]["reason"]) == ("dismissed", "harmless")
            assert (told["data"]["reviewer"], told["data"]["text"]) == ("ann", "A mirror.")
            assert len(told["data"]["findings"]) == 1
            assert told["data"]["exam_session_id"] == "SESS-2"

            again = await people.do("ann", f"/incidents/{kept['incident_id']}/reopen", {"text": "No mirror."})
            assert again.status_code == 200, again.text
            await until(lambda: len(verdicts(receiver)) == 2, "its withdrawal is told")
            assert verdicts(receiver)[1]["type"] == "verdict.withdrawn"
            assert verdicts(receiver)[1]["data"]["state"] == "open"

    on_site(test)


def test_a_verdict_taken_back_before_it_is_in_effect_is_only_withdrawn(on_sqlite: OnSite) -> None:
    async def test(site: Site) -> None:
        open_to_this_machine(site)
        people = Reviewers(site)
        async with sink() as receiver:
            await made(site, receiver.url, kinds=["verdict.given", "verdict.withdrawn"])
            [incident] = await found(site, (EventType.FACE_MISMATCH, 1.0))
            home = f"/incidents/{incident['incident_id']}"
            now = datetime.now(UTC)
            site.at(now)
            no = {"reason": "harmless"}
            assert code(await people.do("ann", f"{home}/dismiss", no)) == (200, "dismissed")
            site.at(now + timedelta(seconds=1))
            assert code(await people.do("ann", f"{home}/reopen", {"text": "Wait."})) == (200, "open")
            await until(lambda: verdicts(receiver), "its withdrawal is told")
            site.at(now + timedelta(seconds=60))
            assert code(await people.do("ann", f"{home}/dismiss", no)) == (200, "dismissed")
            site.at(now + timedelta(seconds=120))
            await until(lambda: len(verdicts(receiver)) == 2, "the next verdict is told")
            assert [one["type"] for one in verdicts(receiver)] == ["verdict.withdrawn", "verdict.given"]

    on_sqlite(test)

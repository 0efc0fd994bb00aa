"""Messages that could not be judged: an operator sees how many wait, and has them judged again."""

from __future__ import annotations

from datetime import UTC, datetime
from uuid import UUID, uuid4

from sqlmodel import Session, select

from coordinator.arriving import parked_service as parked
from coordinator.arriving.parked_service import Parked
from coordinator.arriving.tables import ParkedMessage
from shared import subjects
from shared.alerts import AlertHeader
from shared.bundles import unbundled
from shared.events.types import EventType
from shared.messages.message import parse
from shared.sealing import unpack
from shared.tokens import Role
from tests.support.exam_site import OnSite, Site
from tests.support.findings import alert
from tests.support.served_site import served
from tests.support.shell import Shell


async def park(site: Site, data: bytes) -> None:
    """Keep a copy of a message, as if it could not have been judged."""
    header = parse(AlertHeader, unpack(unbundled(data).message).header)
    place = (header.node_id, header.outbox_id, header.lane, header.sequence)
    post = Parked(place, subjects.alert(header.node_id, header.lane), data)

    def work(db: Session) -> None:
        assert parked.park(db, post, header, "unknown-session", datetime.now(UTC))

    await site.parts.writing(work)


def test_an_operator_sees_what_is_parked_and_has_it_judged_again(on_site: OnSite) -> None:
    async def test(site: Site) -> None:
        await site.started()
        start, ops = site.node.obeyed.started[-1], {"headers": site.bearer(Role.OPERATOR, "ops")}
        unknown = start.model_copy(update={"session_id": uuid4()})
        for about, onset_s in ((start, 1.0), (unknown, 2.0)):
            await site.node.publish(alert(about, site.node, EventType.LEFT_FRAME, onset_s), about)

        # The hub's copy of the second may be parked meanwhile, too: it is one message all the same.

        async def told() -> list[str]:
            items = (await site.get("/session/SESS-1/timeline")).json()["items"]
            return [one["event_type"] for one in items]

        async with served(site) as url:
            shell = Shell(site, url, "ops", Role.OPERATOR)
            for data in site.node.published:
                await park(site, data)
            [listed] = (await site.get("/parked-messages", **ops)).json()
            assert (listed["node_id"], listed["reason"], listed["count"]) == (
                str(site.node.node_id), "unknown-session", 2,
            )  # fmt: skip
            [note] = (await site.status.get("/readyz")).json()["notes"]
            assert note.startswith("2 alert messages of node")
            assert await shell.data("parked", "list") == [listed]
            assert await shell.data("parked", "replay") == {"stored": 1, "refused": 0, "parked": 1}
            assert (await told()).count("LEFT_FRAME") == 1
            again = await site.post("/parked-messages/replay", **ops)
            assert again.json() == {"stored": 0, "refused": 0, "parked": 1}
        for role in (Role.ADMIN, Role.PROCTOR, Role.CANDIDATE):
            answer = await site.get("/parked-messages", headers=site.bearer(role, "CAND-1"))
            assert answer.status_code == 403, role

    on_site(test)


def test_what_is_parked_of_an_erased_person_goes_and_of_nobody_else(on_site: OnSite) -> None:
    async def test(site: Site) -> None:
        await site.started()
        start = site.node.obeyed.newest
        other = start.model_copy(update={"session_id": uuid4()})
        for about, onset_s in ((start, 1.0), (other, 2.0)):
            await site.node.publish(alert(about, site.node, EventType.LEFT_FRAME, onset_s), about)
        for data in site.node.published:
            await park(site, data)
        asked = {"candidate_id": "CAND-1", "end_running": True}
        answer = await site.post("/privacy/delete", asked, headers=site.bearer(Role.DPO, "officer"))
        assert answer.status_code == 200, answer.text

        def left(db: Session) -> list[UUID]:
            messages = db.exec(select(ParkedMessage.message)).all()
            headers = (parse(AlertHeader, unpack(unbundled(one).message).header) for one in messages)
            return [one.session_id for one in headers]

        assert await site.parts.reading(left) == [other.session_id]

    on_site(test)

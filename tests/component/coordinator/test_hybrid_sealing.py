"""The hybrid suite as a setting: what was sealed before it, beside it and under it stays readable."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from pathlib import Path

from coordinator.keys import service as keys
from coordinator.keys.service import Owner
from coordinator.keys.tables import RetentionClass
from coordinator.tenants.tables import DEFAULT_TENANT_ID
from shared.events.types import EventType
from shared.hybrid import PLAIN_BYTES, new_hybrid
from shared.messages.sessions import StartSession
from tests.support.eventually import until
from tests.support.exam_site import Site, exam_site, hub
from tests.support.findings import alert
from tests.support.masters import keyring_of
from tests.support.nats import RunningServer
from tests.support.sittings import START

__all__ = ["hub"]

PLAIN, HYBRID = "x25519:", "mlkem768-x25519:"


async def told(site: Site, number: int) -> StartSession:
    """A session of one more candidate, and an alert of it that is stored."""
    await site.started(f"SESS-{number}", f"CAND-{number}")
    start = site.node.obeyed.newest
    await said(site, number, start, 40.0)
    return start


async def said(site: Site, number: int, start: StartSession, at_s: float) -> None:
    """An alert with its picture, as it comes back from the database."""
    one = alert(start, site.node, EventType.MULTIPLE_FACES, at_s)
    await site.node.publish(one, start)

    async def stored() -> bool:
        said = (await site.get(f"/session/SESS-{number}/timeline")).text
        return str(one.event_id) in said and "data:image/jpeg" in said

    await until(stored, "the alert is stored and opens")


def suites(start: StartSession) -> set[str]:
    """What a session's node seals to."""
    return {key.partition(":")[0] + ":" for key in (start.seal_key, start.evidence_key) if key is not None}


def test_the_setting_changes_nothing_of_before_and_nothing_for_nodes_of_before(
    sqlite_url: str, hub: RunningServer, tmp_path: Path
) -> None:
    async def before() -> None:
        async with exam_site(sqlite_url, hub, tmp_path) as site:
            site.node.hybrid = new_hybrid()  # a node that knows it; the coordinator does not want it
            await site.node.beat()
            assert suites(await told(site, 1)) == {PLAIN}
            assert not any(site.node.obeyed.hybrid)

    async def after() -> None:
        async with exam_site(sqlite_url, hub, tmp_path, sealing="hybrid") as site:
            older = await told(site, 2)
            assert suites(older) == {PLAIN}, "the node is of an older program"
            assert not any(site.node.obeyed.hybrid)
            site.node.hybrid = new_hybrid()
            await site.node.beat()
            newer = await told(site, 3)
            assert suites(newer) == {HYBRID}
            assert site.node.obeyed.hybrid[-1], "commands are sealed so too"
            await said(site, 2, older, 80.0)
            assert (await site.post("/session/SESS-2/pause", {"reason": "a fire alarm"})).status_code == 200
            assert suites(site.node.obeyed.changed[-1]) == {HYBRID}, "its key has had both halves"
            await said(site, 2, site.node.obeyed.changed[-1], 120.0)
            plain = site.parts.keys.keyring.open_private
            with site.parts.database.read() as db:
                key = keys.get(db, DEFAULT_TENANT_ID, newer.seal_key_id)
                assert key.public_key == plain(key).public_text(hybrid=False)
            for number, alerts in ((1, 1), (2, 3), (3, 1)):
                timeline = (await site.get(f"/session/SESS-{number}/timeline")).text
                assert timeline.count("data:image/jpeg") == alerts

    asyncio.run(before())
    asyncio.run(after())


def test_a_key_of_before_has_no_hybrid_half_and_a_new_one_has() -> None:
    plain = keyring_of(bytes(32))
    both = replace(plain, hybrid=True)
    owner = Owner(DEFAULT_TENANT_ID, DEFAULT_TENANT_ID, RetentionClass.EXAM, "BIO")
    former, new = keys.new_sealing_pair(plain, owner, START), keys.new_sealing_pair(both, owner, START)
    assert keys.public_text(both, former, hybrid=True) == former.public_key
    assert keys.public_text(plain, new, hybrid=True).startswith(HYBRID), "also after the setting is undone"
    assert keys.public_text(plain, new, hybrid=False) == new.public_key
    assert len(plain.open_private(former).private_bytes()) == PLAIN_BYTES
    new.wrapped = None
    assert keys.public_text(both, new, hybrid=True) == new.public_key

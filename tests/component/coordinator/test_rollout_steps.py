"""Rollouts and pins over REST and as an operator types them: which exams have which version, what their nodes
are told, and what keeps a version from going on."""

from __future__ import annotations

from typing import Any, Final
from uuid import UUID

import pytest
from sqlmodel import col, select

from coordinator.alerts.tables import StoredAlert
from coordinator.rollouts import counted_service as counted, following, service as rollouts
from coordinator.rollouts.counted_service import TOGETHER
from coordinator.rollouts.evidence import Arms
from coordinator.rollouts_section import RolloutsSection
from coordinator.sessions.changing.telling import mend
from shared.events.types import EventType
from shared.messages.heartbeats import SessionState
from shared.messages.sessions import StartSession
from shared.messages.versions import Tally
from shared.tokens import Role
from tests.support.eventually import until
from tests.support.exam_site import NODE_ID, OnSite, Site, enroll_body
from tests.support.findings import alert
from tests.support.node_answers import watching
from tests.support.served_site import served
from tests.support.shell import Shell

pytestmark = pytest.mark.usefixtures("rounds_by_hand")

TASK, OLD, NEW = "face-detection", "test@1", "test@2"
GONE: Final = EventType.FACE_NOT_FOUND.value
SHORT: Final = RolloutsSection(least_findings=40, least_exams=1, promoted_after_exams=2, canary_share=1.0)
REASON: Final = {"reason": "the proctors do not like it"}


async def begun(site: Site, task: str = TASK, network: str = NEW) -> dict[str, Any]:
    site.parts.config = site.parts.config.model_copy(update={"rollouts": SHORT})
    await has(site, {OLD: task, NEW: task})
    answer = await asked(site, "/models/rollouts", {"network": network})
    assert answer.is_success, answer.text
    row: dict[str, Any] = answer.json()
    return row


async def has(site: Site, at_hand: dict[str, str]) -> None:
    site.node.at_hand = at_hand
    await site.node.beat()


async def asked(site: Site, path: str, body: Any) -> Any:
    return await site.post(path, body, headers=site.bearer(Role.OPERATOR, "olga"))


async def looked(site: Site) -> dict[str, Any]:
    """The last rollout, after one more look."""
    await following.look(site.parts)
    rows = (await site.get("/models/rollouts", headers=site.bearer(Role.OPERATOR))).json()
    first: dict[str, Any] = rows[0]
    return first


async def says(site: Site, compared: dict[str, Tally] | None = None) -> None:
    """The node names all its sessions as they were ordered last."""
    orders = {one.session_id: one for one in (*site.node.obeyed.started, *site.node.obeyed.changed)}
    site.node.sessions = tuple(said(one, compared or {}) for one in orders.values())
    await site.node.beat()


def said(order: StartSession, compared: dict[str, Tally]) -> SessionState:
    return watching(
        order.session_id,
        policy_version=order.policy.version,
        paused=order.paused,
        expires_utc=order.expires_utc,
        networks=order.networks,
        shadow=order.shadow,
        compared=compared,
    )


async def mended(site: Site) -> None:
    await mend(site.parts, await mend(site.parts, set()))


async def to_canary(site: Site) -> None:
    """A rollout that has passed its shadow."""
    await begun(site)
    await site.started("SESS-0", "CAND-0", exam_id="EXAM-0")
    await says(site)
    await mended(site)
    assert site.node.obeyed.changed[-1].shadow == {TASK: NEW}
    await says(site, {GONE: Tally(both=60)})
    assert (await looked(site))["stage"] == "canary"


def test_a_running_session_compares_until_the_shadow_is_over(on_sqlite: OnSite) -> None:
    async def test(site: Site) -> None:
        await to_canary(site)
        await says(site)
        await mended(site)
        assert (site.node.obeyed.changed[-1].shadow, site.node.obeyed.changed[-1].networks) == ({}, {})

    on_sqlite(test)


def test_an_exam_has_one_version_whatever_becomes_of_the_rollout(on_site: OnSite) -> None:
    async def test(site: Site) -> None:
        await to_canary(site)
        for number in (1, 2):
            await site.started(f"SESS-{number}", f"CAND-{number}")
            assert site.node.obeyed.newest.networks == {TASK: NEW}
        await site.started("SESS-3", "CAND-3", exam_id="EXAM-0")  # it began before the canary
        assert site.node.obeyed.newest.networks == {}
        await says(site)
        rollout_id = (await looked(site))["rollout_id"]
        ended = await asked(site, f"/models/rollouts/{rollout_id}/abort", REASON)
        assert (ended.json()["stage"], ended.json()["reason"]) == ("aborted", REASON["reason"])
        site.node.obeyed.changed.clear()
        await mended(site)
        back = {one.session_id: one.networks for one in site.node.obeyed.changed}
        assert list(back.values()) == [{}] * 3
        await site.started("SESS-4", "CAND-4")
        assert site.node.obeyed.newest.networks == {}
        again = await asked(site, f"/models/rollouts/{rollout_id}/abort", REASON)
        assert (again.status_code, again.json()["code"]) == (409, "rollout-over")

    on_site(test)


def test_a_node_without_the_weights_keeps_exams_on_the_former_version(on_sqlite: OnSite) -> None:
    async def test(site: Site) -> None:
        await to_canary(site)
        await has(site, {OLD: TASK})
        await site.started("SESS-1", "CAND-1")
        assert site.node.obeyed.newest.networks == {}
        row = await looked(site)
        assert (row["exams_new"], row["exams_old"]) == (0, 1)
        assert f"its weights on {NODE_ID}" in row["waits_for"]

    on_sqlite(test)


def test_the_canary_ends_when_enough_exams_are_over_and_nodes_are_given_the_version(on_site: OnSite) -> None:
    async def test(site: Site) -> None:
        await to_canary(site)
        for number in (1, 2):
            await site.started(f"SESS-{number}", f"CAND-{number}", exam_id=f"EXAM-{number}")
            assert (await looked(site))["stage"] == "canary"
            await site.post(f"/session/SESS-{number}/end", {"submitted": True})
        row = await looked(site)
        assert (row["stage"], row["exams_new"], row["exams_old"]) == ("promoted", 2, 0)
        given = (await site.get("/nodes/settings", headers=site.bearer(Role.OPERATOR))).json()
        assert (given[0]["scope"], given[0]["weights"]) == ("all", {TASK: NEW})
        back = await asked(site, f"/models/rollouts/{row['rollout_id']}/abort", REASON)
        assert back.json()["stage"] == "aborted"
        given = (await site.get("/nodes/settings", headers=site.bearer(Role.OPERATOR))).json()
        assert given[0]["weights"] == {TASK: OLD}

    on_site(test)


def test_the_canary_counts_what_the_rules_found_in_exams_that_are_over(on_site: OnSite) -> None:
    async def test(site: Site) -> None:
        await to_canary(site)
        for number, version in enumerate((OLD, NEW)):
            await has(site, {OLD: TASK, version: TASK})
            await site.started(f"SESS-{version}", f"CAND-{number}", exam_id=f"EXAM-{version}")
            start = site.node.obeyed.newest
            for onset_s in range(1 + 2 * number):
                await site.node.publish(alert(start, site.node, EventType.FACE_NOT_FOUND, onset_s), start)
            await site.node.publish(alert(start, site.node, EventType.LOW_FRAME_RATE, 9.0), start)
        await until(lambda: len(stored(site)) == 6, "all are stored")
        assert arms_of(site) == {}
        for version in (OLD, NEW):
            await site.post(f"/session/SESS-{version}/end", {"submitted": True})
        found = arms_of(site)
        assert found.keys() == {GONE, TOGETHER}
        assert {event: (len(one.old), len(one.new)) for event, one in found.items()} == dict.fromkeys(
            found, (1, 1)
        )
        assert found[GONE].new[0] > found[GONE].old[0] > 0
        assert found[TOGETHER] == found[GONE]

    on_site(test)


def stored(site: Site) -> list[StoredAlert]:
    with site.parts.database.read() as db:
        return list(db.exec(select(StoredAlert).where(col(StoredAlert.node_id).is_not(None))))


def arms_of(site: Site) -> dict[str, Arms]:
    with site.parts.database.read() as db:
        row = rollouts.ongoing(db)
        assert row is not None
        return counted.arms(db, row, site.parts.utc_now())


def test_an_exam_that_pins_a_version_gets_no_node_without_it(on_sqlite: OnSite) -> None:
    async def test(site: Site) -> None:
        await site.post("/exams", {"exam_id": "EXAM-1", "title": "Algebra"})

        async def pinned(networks: dict[str, str]) -> Any:
            body = {"networks": networks}
            return await site.http.put("/api/v1/exams/EXAM-1/networks", json=body, headers=site.bearer())

        refused = await pinned({TASK: NEW})
        assert (refused.status_code, refused.json()["code"]) == (409, "network-unknown")
        await has(site, {OLD: TASK, NEW: TASK})
        assert (await pinned({TASK: NEW})).json() == {"exam_id": "EXAM-1", "networks": {TASK: NEW}}
        await site.started("SESS-1")
        assert site.node.obeyed.newest.networks == {TASK: NEW}
        await has(site, {OLD: TASK})
        named = {"exam_session_id": "SESS-2", "candidate_id": "CAND-2", "exam_id": "EXAM-1"}
        none = await site.post("/session/start", {**named, "allow_unregistered": True})
        assert (none.status_code, none.json()["code"]) == (503, "no-node-with-network")
        await pinned({})
        await site.started("SESS-2", "CAND-2")
        assert (await site.get("/exams/EXAM-1/networks")).json()["networks"] == {}

    on_sqlite(test)


def test_a_rollout_that_makes_no_sense_is_refused(on_sqlite: OnSite) -> None:
    async def test(site: Site) -> None:
        async def code(network: str, **more: str) -> tuple[int, str]:
            answer = await asked(site, "/models/rollouts", {"network": network, **more})
            return answer.status_code, answer.json()["code"]

        await has(site, {OLD: TASK, NEW: TASK, "ears@1": "voice-activity"})
        assert await code("gone@7") == (409, "network-unknown")
        assert await code(OLD) == (409, "network-serves")
        assert await code("ears@1") == (409, "network-not-compared")
        assert await code(NEW, region="nowhere") == (409, "network-unknown")
        await begun(site)
        assert await code(NEW) == (409, "rollout-ongoing")
        unknown = await asked(site, f"/models/rollouts/{UUID(int=7)}/abort", REASON)
        assert unknown.status_code == 404

    on_sqlite(test)


def test_a_new_recogniser_waits_for_templates_of_it(on_sqlite: OnSite) -> None:
    async def test(site: Site) -> None:

        assert (await site.post("/enroll", enroll_body())).is_success
        row = await begun(site, task=rollouts.RECOGNITION)
        assert row["waits_for"] == "its templates of 1 enrollments: these candidates enroll again"
        await site.started("SESS-0", "CAND-0", exam_id="EXAM-0")
        await says(site)
        await mended(site)
        await says(site, {GONE: Tally(both=60)})
        assert (await looked(site))["stage"] == "shadow"

    on_sqlite(test)


def test_what_an_operator_types_and_reads(on_sqlite: OnSite) -> None:
    async def test(site: Site) -> None:
        await has(site, {OLD: TASK, NEW: TASK})
        async with served(site) as url:
            olga = Shell(site, url, "olga", Role.OPERATOR)
            olga.environment["COLUMNS"] = "80"
            code, _, error = await olga.run("models", "rollout", "abort", "--reason", "no")
            assert (code, "no rollout to abort" in error) == (1, True)
            code, out, _ = await olga.run("models", "rollout", NEW)
            assert (code, f"{NEW} in place of {OLD}" in out, "shadow" in out) == (0, True, True)
            code, out, _ = await olga.run("models", "rollout", "status")
            assert (code, f"node {NODE_ID}" in out) == (0, True)
            code, out, _ = await olga.run("models", "rollout", "promote", "--reason", "seen enough")
            assert (code, "promoted" in out) == (0, True)

    on_sqlite(test)

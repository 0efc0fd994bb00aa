"""Nodes are cordoned, drained and opened again, over REST and as an operator types it."""

from __future__ import annotations

import asyncio
import json
from collections import Counter
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import httpx
import pytest
from sqlmodel import Session, select

from coordinator.audit.tables import AuditEntry
from coordinator.memberships import accepting
from coordinator.nodes import service as nodes
from coordinator.nodes.fleet import Fleet
from coordinator.nodes.placements import Placement
from coordinator.nodes.service import PlacementWish
from coordinator.tenants.institutions import INSTALLATION_ID
from shared.messages.heartbeats import Measures
from shared.tokens import Role
from tests.support.eventually import until
from tests.support.exam_site import AD_HOC, NODE_ID, OnSite, Site
from tests.support.served_site import served
from tests.support.shell import Shell

PATH = f"/nodes/{NODE_ID}"


async def act(site: Site, verb: str, **body: Any) -> httpx.Response:
    return await site.post(f"{PATH}/{verb}", body, headers=site.bearer(Role.OPERATOR, "olga"))


async def shown(site: Site, role: Role = Role.OPERATOR) -> dict[str, Any]:
    answer = await site.get(PATH, headers=site.bearer(role))
    assert answer.is_success, answer.text
    one: dict[str, Any] = answer.json()
    return one


def words(node: dict[str, Any]) -> tuple[str, list[str]]:
    return node["state"], [one["reason"] for one in node["why"]]


def test_a_drained_node_gets_nothing_new_and_is_empty_when_its_exams_are_over(on_site: OnSite) -> None:
    async def test(site: Site) -> None:
        now = datetime.now(UTC)
        await site.started()
        later = (now + timedelta(hours=1)).isoformat()
        await site.started("SESS-2", "CAND-2", metadata={"start_time": later})
        assert words(await shown(site)) == ("healthy", [])
        deadline = now + timedelta(hours=2)
        drained = await act(site, "drain", reason="a new kernel", deadline_at=deadline.isoformat())
        assert words(drained.json()) == ("draining", ["draining"])
        one = await shown(site)
        assert one == drained.json() | {"last_seen_at": one["last_seen_at"]}
        assert (one["left"]["running"], one["left"]["waiting"]) == (1, 1)
        assert (one["placement_reason"], one["drain_deadline_at"][:16]) == (
            "a new kernel",
            deadline.isoformat()[:16],
        )
        full = await site.post("/session/start", AD_HOC | {"candidate_id": "CAND-3"})
        assert (full.status_code, full.json()["code"]) == (503, "no-node-online")
        assert "1 draining" in full.json()["detail"]
        # What it has goes on: it is changed, paused and ended as before.
        assert (await site.post("/session/SESS-1/pause", {"reason": "The fire alarm rang."})).is_success
        assert (await site.post("/session/SESS-1/end")).is_success
        left = (await shown(site))["left"]
        assert (left["running"], left["waiting"]) == (0, 1)
        site.at(deadline)
        assert words(await shown(site)) == ("draining", ["drain-late"])
        assert (await site.post("/session/SESS-2/end")).is_success
        empty = await shown(site)
        assert (words(empty), empty["left"]) == (
            ("draining", ["drained"]),
            {"running": 0, "waiting": 0, "until": None},
        )
        assert words((await act(site, "uncordon")).json()) == ("healthy", [])
        assert (await site.post("/session/start", AD_HOC | {"candidate_id": "CAND-3"})).is_success

    on_site(test)


def test_a_cordon_outlives_the_coordinator_and_reaches_another_replica(on_site: OnSite) -> None:
    async def test(site: Site) -> None:
        assert (await act(site, "cordon", reason="its fan is loud")).is_success
        since = (await shown(site))["placement_since"]
        site.at(datetime.now(UTC) + timedelta(minutes=1))
        again = (await act(site, "cordon", reason="it is loud")).json()
        assert (again["placement_since"], again["placement_reason"]) == (since, "it is loud")
        site.parts.fleet = site.parts.commander._fleet = Fleet()  # of a program that has just started
        site.parts.fleet.listening_since = site.parts.clock()
        await accepting.refresh(site.parts)
        assert words(await shown(site)) == ("cordoned", ["not-heard-yet", "cordoned"])
        refused = await site.post("/session/start", AD_HOC)
        assert (refused.status_code, refused.json()["code"]) == (503, "no-node-online")

    on_site(test)


def test_a_session_is_not_stored_for_a_node_that_another_replica_has_just_closed(on_site: OnSite) -> None:
    async def test(site: Site) -> None:
        def close(db: Session) -> None:
            nodes.place(db, NODE_ID, PlacementWish(placement=Placement.CORDONED), datetime.now(UTC))

        await site.parts.writing(close)
        refused = await site.post("/session/start", AD_HOC)
        assert (refused.status_code, refused.json()["code"]) == (503, "no-node-online")
        assert "1 cordoned" in refused.json()["detail"]
        [start], [end] = site.node.obeyed.started, site.node.obeyed.ended
        assert start.session_id == end.session_id
        assert (await site.get("/sessions")).json()["items"] == []
        assert (await act(site, "uncordon")).is_success
        assert (await site.post("/session/start", AD_HOC)).is_success

    on_site(test)


def test_who_acts_on_a_node_stands_in_the_log_with_the_node(on_sqlite: OnSite) -> None:
    async def test(site: Site) -> None:
        for verb in ("cordon", "drain", "uncordon", "revoke"):
            assert (await act(site, verb)).is_success
        for verb in ("cordon", "drain", "uncordon"):
            answer = await act(site, verb)
            assert (answer.status_code, answer.json()["code"]) == (409, "node-revoked")
        assert words(await shown(site)) == ("revoked", ["revoked"])

        def read(db: Session) -> list[tuple[str, UUID | None, str]]:
            rows = db.exec(select(AuditEntry).where(AuditEntry.tenant_id == INSTALLATION_ID)).all()
            assert all(row.actor_sealed for row in rows)
            return [(row.act, row.node_id, row.outcome) for row in rows if row.act.endswith("_node")]

        verbs = ("cordon", "drain", "uncordon")
        done = [(f"{verb}_node", NODE_ID, "done") for verb in (*verbs, "revoke")]
        refused = [(f"{verb}_node", NODE_ID, "refused 409") for verb in verbs]
        assert Counter(await site.parts.reading(read)) == Counter(done + refused)

    on_sqlite(test)


def test_trouble_and_measures_are_told_and_staff_see_nothing_of_others(on_sqlite: OnSite) -> None:
    async def test(site: Site) -> None:
        node = site.node
        ends = datetime.now(UTC) + timedelta(hours=16)
        node.measures = Measures(
            product="1.2",
            lag_p95_s=0.125,
            cpu=0.5,
            memory=0.25,
            disk_free_bytes=5 * 2**29,
            clock_offset_s=-0.5,
            certificate_begins_utc=ends - timedelta(hours=24),
            certificate_ends_utc=ends,
        )
        node.health, node.reasons = 2, ("outbox-failing",)
        await node.beat()
        one = await shown(site)
        assert words(one) == ("degraded", ["outbox-failing", "unwell"])
        assert all(reason["text"] and reason["fix"] for reason in one["why"])
        assert (one["measures"]["cpu"], one["measures"]["product"], one["health"]) == (0.5, "1.2", 2)
        node.health, node.reasons = 10, ()
        await node.beat()
        assert words(await shown(site)) == ("degraded", ["recovering"])
        await act(site, "cordon")
        assert (await shown(site))["left"] is not None
        seen = await shown(site, Role.ADMIN)
        assert (seen["left"], seen["policy_versions"]) == (None, {})
        async with site.status as status:
            metrics = (await status.get("/metrics")).text
        labels = f'{{node="{NODE_ID}",region="campus"}}'
        assert f"coordinator_node_up{labels} 1.0" in metrics
        assert f"coordinator_node_open{labels} 0.0" in metrics
        assert f"coordinator_node_load_ratio{labels} 0.0" in metrics
        assert "coordinator_alert_consumer_depth 0.0" in metrics
        whole = (await site.get("/nodes/history", headers=site.bearer(Role.OPERATOR))).json()
        [hour] = whole["nodes"]
        assert (hour["cpu"][-1], hour["sessions"][-1], whole["since"] is not None) == (0.5, 0, True)
        [hour] = (await site.get("/nodes/history")).json()["nodes"]
        assert (hour["cpu"][-1], hour["sessions"], hour["outbox"]) == (0.5, None, None)

    on_sqlite(test)


def test_an_operator_looks_at_nodes_and_waits_for_a_drain(
    on_sqlite: OnSite, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def test(site: Site) -> None:
        await site.started()
        async with served(site) as url:
            olga = Shell(site, url, "olga", Role.OPERATOR)
            olga.environment["COLUMNS"] = "80"
            code, table, _ = await olga.run("nodes", "list")
            assert (code, str(NODE_ID)[:13] in table, "0/10" in table) == (0, True, True)
            code, told, _ = await olga.run("nodes", "cordon", str(NODE_ID), "--reason", "its fan is loud")
            assert (code, "its fan is loud" in told, "uncordon" in told) == (0, True, True)
            for text in (table, told, (await olga.run("nodes", "show", str(NODE_ID)))[1]):
                assert max(len(line.rstrip()) for line in text.splitlines()) <= 80
            assert (await olga.data("nodes", "show", str(NODE_ID)[:13]))["state"] == "cordoned"
            code, _, error = await olga.run("nodes", "drain", str(NODE_ID), "--deadline", "soon")
            assert (code, "90s, 30m or 2h" in error) == (1, True)
            late = await olga.run("nodes", "drain", str(NODE_ID), "--wait", "--deadline", "1s", "-o", "json")
            assert (late[0], "1 session: 1 in their exam" in late[2]) == (1, True)
            assert json.loads(late[1])["why"][0]["reason"] == "drain-late"
            waiting = asyncio.create_task(olga.run("nodes", "drain", str(NODE_ID), "--wait"))

            async def drains() -> bool:
                return (await shown(site))["drain_deadline_at"] is None

            await until(drains, "the drain begins anew")
            assert (await site.post("/session/SESS-1/end")).is_success
            code, told, said = await waiting
            assert (code, "It may be switched off now." in told, said.endswith("empty\n")) == (0, True, True)
            assert (await olga.run("nodes", "uncordon", str(NODE_ID)))[0] == 0
            assert (await olga.data("nodes", "list"))[0]["state"] == "healthy"
            planned = await olga.data("fleet", "plan", "--sessions", "50")
            assert (planned["inputs"]["have"], planned["inputs"]["rating"]) == ([10], 10)
            assert planned["figures"][0]["value"] == 8  # 7.2 by 70 %, and one may fail
            code, _, error = await olga.run("nodes", "show", str(UUID(int=7)))
            assert (code, "no such node" in error) == (1, True)

    on_sqlite(test)

"""Settings are given to nodes over REST and as an operator types it, told until they are read, and looked
at."""

from __future__ import annotations

from pathlib import Path
from typing import Any
from uuid import UUID

import pytest

from coordinator.desired.telling import tell_all
from shared.messages.desired import Desired, DesiredReport, Standing
from shared.seldom import Seldom
from shared.tokens import Role
from tests.support.exam_site import NODE_ID, OnSite, Site
from tests.support.node_answers import Refusal
from tests.support.served_site import served
from tests.support.shell import Shell

OF_ALL, OF_REGION, OF_NODE = "/nodes/settings", "/nodes/regions/campus/settings", f"/nodes/{NODE_ID}/settings"


async def give(site: Site, path: str, weights: dict[str, str] | None = None, **settings: Any) -> Any:
    answer = await site.http.put(
        f"/api/v1{path}",
        json={"settings": settings, "weights": weights or {}, "reason": "a loud hall"},
        headers=site.bearer(Role.OPERATOR, "olga"),
    )
    assert answer.is_success, answer.text
    return answer.json()


async def told(site: Site) -> list[Desired]:
    """What the node was told in one round."""
    before = len(site.node.obeyed.configured)
    await tell_all(site.parts, Seldom())
    return site.node.obeyed.configured[before:]


async def state(site: Site) -> tuple[str, list[str]]:
    headers = site.bearer(Role.OPERATOR)
    one = (await site.get(f"/nodes/{NODE_ID}", headers=headers)).json()
    settings = (await site.get(OF_NODE, headers=headers)).json()
    assert (one["settings"]["state"], one["settings"]["version"]) == (settings["state"], settings["version"])
    return settings["state"], [each["reason"] for each in one["why"]]


async def says(site: Site, report: DesiredReport | None) -> None:
    site.node.desired = report
    await site.node.beat()


async def reads(site: Site, standing: Standing, reason: str = "", in_force: int = 0) -> None:
    """The node has read what it is told now, and says this of it."""
    if site.node.desired is None:
        await says(site, DesiredReport())
    [order] = await told(site) or site.node.obeyed.configured[-1:]
    report = DesiredReport(
        version=order.version, digest=order.digest, standing=standing, reason=reason, in_force=in_force
    )
    await says(site, report)


def test_a_node_is_told_what_is_given_until_it_has_read_it(on_site: OnSite) -> None:
    async def test(site: Site) -> None:
        await says(site, DesiredReport())
        assert (await state(site), await told(site)) == (("none", []), [])
        await give(site, OF_ALL, {"head-pose": "fsanet@688590"}, rating=8, level="L1")
        await give(site, OF_REGION, rating=6)
        await give(site, "/nodes/regions/elsewhere/settings", threads=9)
        whole = Desired(
            version=2, settings={"rating": 6, "level": "L1"}, weights={"head-pose": "fsanet@688590"}
        )
        assert await state(site) == ("untold", [])
        assert (await told(site), await told(site)) == ([whole], [whole])
        await reads(site, "trial", in_force=2)
        assert (await told(site), await state(site)) == ([], ("trial", []))
        await reads(site, "applied", in_force=2)
        assert await state(site) == ("applied", [])
        given = await give(site, OF_NODE, rating=4)
        assert (given["version"], given["scope"], given["made_by"]) == (4, "node", "olga")
        [order] = await told(site)
        assert (order.version, order.settings) == (4, {"rating": 4, "level": "L1"})
        await give(site, OF_NODE)
        [order] = await told(site)
        assert (order.version, order.settings) == (5, {"rating": 6, "level": "L1"})

    on_site(test)


@pytest.mark.parametrize("standing", ["pending", "refused", "rolled-back"])
def test_what_went_wrong_on_a_node_is_told_to_operators_alone(on_sqlite: OnSite, standing: Any) -> None:
    async def test(site: Site) -> None:
        await give(site, OF_NODE, threads=64)
        await reads(site, standing, "not so many")
        assert await state(site) == (standing, [f"settings-{standing}"])
        shown = (await site.get(OF_NODE, headers=site.bearer(Role.OPERATOR))).json()
        assert (shown["reason"], shown["version_in_force"], shown["origins"]) == (
            "not so many",
            0,
            {"threads": "node"},
        )
        seen = (await site.get(f"/nodes/{NODE_ID}")).json()
        assert (seen["settings"], seen["why"], seen["state"]) == (None, [], "healthy")
        assert await told(site) == []

    on_sqlite(test)


def test_a_node_of_an_older_program_is_told_nothing_and_shown_as_such(on_sqlite: OnSite) -> None:
    async def test(site: Site) -> None:
        await give(site, OF_ALL, rating=3)
        assert (await told(site), await state(site)) == ([], ("unknown", ["settings-unknown"]))
        site.node.refusal = Refusal(
            status="rejected", code="command-malformed", http_status=422, message="no"
        )
        await says(site, DesiredReport())
        assert (await told(site), await state(site)) == ([], ("untold", []))
        site.node.refusal = None
        assert [one.version for one in await told(site)] == [1]

    on_sqlite(test)


def test_what_makes_no_sense_or_is_for_nobody_is_refused(on_sqlite: OnSite) -> None:
    async def test(site: Site) -> None:
        headers = site.bearer(Role.OPERATOR)

        async def answer(path: str, body: dict[str, Any]) -> int:
            return (await site.http.put(f"/api/v1{path}", json=body, headers=headers)).status_code

        for settings in ({"rating": 0}, {"profile": "research"}, {"steps_down": 1}, {"level": "L9"}):
            assert await answer(OF_ALL, {"settings": settings}) == 422
        assert await answer(OF_ALL, {"weights": {"head-pose": "fsanet"}}) == 422
        assert await answer(f"/nodes/{UUID(int=7)}/settings", {}) == 404
        assert (await site.get(OF_ALL, headers=headers)).json() == []
        await site.post(f"/nodes/{NODE_ID}/revoke", headers=headers)
        assert await answer(OF_NODE, {}) == 409

    on_sqlite(test)


def test_an_operator_gives_settings_and_looks_at_them(on_sqlite: OnSite, tmp_path: Path) -> None:
    async def test(site: Site) -> None:
        file, nothing = tmp_path / "hall.yaml", tmp_path / "none.json"
        weights = 'weights: {head-pose: "fsanet@688590"}'
        file.write_text(f"settings: {{rating: 6, level: L2}}\n{weights}\nreason: of the file\n")
        nothing.write_text("{}")
        await says(site, DesiredReport())
        async with served(site) as url:
            olga = Shell(site, url, "olga", Role.OPERATOR)
            olga.environment["COLUMNS"] = "80"
            code, _, error = await olga.run("nodes", "apply", str(file))
            assert (code, "--node, --region or --all" in error) == (1, True)
            code, out, _ = await olga.run(
                "nodes", "apply", str(file), "--region", "campus", "--reason", "loud"
            )
            assert (code, "region campus" in out, "fsanet@688590" in out) == (0, True, True)
            code, out, _ = await olga.run("nodes", "config", str(NODE_ID))
            assert (code, "untold" in out, "L2 (given to: region)" in out) == (0, True, True)
            code, out, _ = await olga.run("nodes", "apply", str(nothing), "--node", str(NODE_ID))
            assert (code, "nothing" in out) == (0, True)
            layers = await olga.data("nodes", "config")
            assert layers[0]["reason"] == "loud"  # what is typed counts before the file's
            assert [(one["version"], one["scope"]) for one in layers] == [(1, "region"), (2, "node")]
            await reads(site, "refused", "no such network")
            code, out, _ = await olga.run("nodes", "show", str(NODE_ID))
            assert (code, "version 2: refused" in out, "no such network" in out) == (0, True, True)
            file.write_text("settings: {profile: research}\n")
            code, _, error = await olga.run("nodes", "apply", str(file), "--all")
            assert (code, "profile" in error) == (1, True)

    on_sqlite(test)

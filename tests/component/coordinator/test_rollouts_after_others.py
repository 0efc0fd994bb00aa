"""Which version exams have where one rollout follows another: in another region, aborted, or overtaken by
what an operator gives to nodes."""

from __future__ import annotations

import pytest
from sqlmodel import Session

from coordinator.rollouts import counted_service as counted, following, service as rollouts
from coordinator.rollouts.course import Stage, abort, promote
from coordinator.rollouts.service import RECOGNITION, Wanted
from coordinator.rollouts.sharing import HEARING, Offered
from coordinator.rollouts.tables import RolloutRow
from models.tasks import Task
from shared.messages.versions import Tally
from shared.tokens import Role
from tests.component.coordinator.test_rollout_steps import (
    GONE,
    NEW,
    OLD,
    REASON,
    TASK,
    asked,
    begun,
    has,
    mended,
    says,
)
from tests.support.exam_site import OnSite, Site
from tests.support.served_site import served
from tests.support.shell import Shell

pytestmark = pytest.mark.usefixtures("rounds_by_hand")

OTHER = "test@3"
HERE, ELSEWHERE = "campus", "elsewhere"


async def rolled_out(
    site: Site, label: str, to: Stage, *, former: str = OLD, region: str = "", task: str = TASK
) -> RolloutRow:
    """A rollout that has come so far."""

    def write(db: Session) -> RolloutRow:
        now_utc = site.parts.utc_now()
        wanted = Wanted(offered=Offered(task, label, region), former=former, made_by="olga")
        row = rollouts.find(db, rollouts.begin(db, wanted, now_utc).id)
        if to is not Stage.SHADOW:
            after = abort(row.rollout, "worse") if to is Stage.ABORTED else promote(row.rollout)
            rollouts.put(db, row, after, "olga", now_utc)
        return row

    return await site.parts.writing(write)


async def started_with(site: Site, number: int, region: str = HERE) -> dict[str, str]:
    """What looks at a session of another exam."""
    await site.started(f"SESS-{number}", f"CAND-{number}", exam_id=f"EXAM-{number}", region=region)
    return dict(site.node.obeyed.newest.networks)


def test_a_rollout_of_one_region_leaves_the_exams_of_another_alone(on_site: OnSite) -> None:
    async def test(site: Site) -> None:
        await has(site, {OLD: TASK, NEW: TASK, OTHER: TASK})
        await rolled_out(site, NEW, Stage.PROMOTED, region=HERE)
        await rolled_out(site, OTHER, Stage.PROMOTED, region=ELSEWHERE)
        assert await started_with(site, 1) == {TASK: NEW}
        assert await started_with(site, 2, ELSEWHERE) == {}  # no node is heard there

    on_site(test)


@pytest.mark.parametrize("to", [Stage.SHADOW, Stage.ABORTED])
def test_a_promoted_recogniser_stays_while_another_is_tried(on_sqlite: OnSite, to: Stage) -> None:
    async def test(site: Site) -> None:
        await has(site, dict.fromkeys((OLD, NEW, OTHER), RECOGNITION))
        await rolled_out(site, NEW, Stage.PROMOTED, task=RECOGNITION)
        begun = (await asked(site, "/models/rollouts", {"network": OTHER})).json()
        assert begun["former"] == NEW
        if to is Stage.ABORTED:
            await asked(site, f"/models/rollouts/{begun['rollout_id']}/abort", REASON)
        assert await started_with(site, 1) == {RECOGNITION: NEW}
        await says(site)
        await mended(site)
        compared = [one.shadow for one in (*site.node.obeyed.started, *site.node.obeyed.changed)][-1]
        assert compared == ({RECOGNITION: OTHER} if to is Stage.SHADOW else {})

    on_sqlite(test)


def test_what_is_promoted_is_not_rolled_out_again(on_sqlite: OnSite) -> None:
    async def test(site: Site) -> None:
        await has(site, {OLD: TASK, NEW: TASK})
        await rolled_out(site, NEW, Stage.PROMOTED)
        again = await asked(site, "/models/rollouts", {"network": NEW})
        assert (again.status_code, again.json()["code"]) == (409, "network-serves")

    on_sqlite(test)


def test_the_version_promoted_last_is_taken_back_also_after_another_one_failed(on_site: OnSite) -> None:
    async def test(site: Site) -> None:
        await has(site, {OLD: TASK, NEW: TASK, OTHER: TASK})
        first = await rolled_out(site, NEW, Stage.PROMOTED)
        second = await rolled_out(site, OTHER, Stage.SHADOW, former=NEW)
        refused = await asked(site, f"/models/rollouts/{first.id}/abort", REASON)
        assert (refused.status_code, refused.json()["code"]) == (409, "rollout-over")
        assert (await asked(site, f"/models/rollouts/{second.id}/abort", REASON)).is_success
        back = await asked(site, f"/models/rollouts/{first.id}/abort", REASON)
        assert (back.status_code, back.json()["stage"]) == (200, "aborted")
        given = (await site.get("/nodes/settings", headers=site.bearer(Role.OPERATOR))).json()
        assert given[0]["weights"] == {TASK: OLD}

    on_site(test)


def test_an_exam_has_the_promoted_versions_of_all_tasks(on_sqlite: OnSite) -> None:
    async def test(site: Site) -> None:
        promoted = {task.value: f"{task.value}@2" for task in Task if task.value not in HEARING}
        await has(site, {label: task for task, label in promoted.items()})
        for task, label in promoted.items():
            await rolled_out(site, label, Stage.PROMOTED, task=task)
        assert await started_with(site, 1) == promoted
        await says(site)
        assert site.parts.fleet.online(site.parts.clock())[0].heartbeat.sessions[0].networks == promoted

    on_sqlite(test)


def test_an_abort_that_is_typed_twice_takes_nothing_else_back(on_sqlite: OnSite) -> None:
    async def test(site: Site) -> None:
        await has(site, {OLD: TASK, NEW: TASK, OTHER: TASK})
        await rolled_out(site, NEW, Stage.PROMOTED)
        await rolled_out(site, OTHER, Stage.SHADOW, former=NEW)
        async with served(site) as url:
            olga = Shell(site, url, "olga", Role.OPERATOR)
            assert (await olga.run("models", "rollout", "abort", "--reason", "no"))[0] == 0
            code, _, error = await olga.run("models", "rollout", "abort", "--reason", "no")
        assert (code, "no rollout to abort" in error) == (1, True)
        rows = await site.parts.reading(rollouts.newest)
        assert [row.stage for row in rows] == [Stage.ABORTED, Stage.PROMOTED]

    on_sqlite(test)


def test_what_an_operator_gives_to_nodes_after_a_rollout_counts(on_sqlite: OnSite) -> None:
    async def test(site: Site) -> None:
        await has(site, {OLD: TASK, NEW: TASK, OTHER: TASK})
        await rolled_out(site, NEW, Stage.PROMOTED)
        assert await started_with(site, 1) == {TASK: NEW}
        body = {"settings": {}, "weights": {TASK: OTHER}, "reason": "better"}
        given = await site.http.put(
            "/api/v1/nodes/settings", json=body, headers=site.bearer(Role.OPERATOR, "olga")
        )
        assert given.is_success, given.text
        assert await started_with(site, 2) == {}

    on_sqlite(test)


def test_exams_begin_also_when_no_node_has_either_version_any_more(on_sqlite: OnSite) -> None:
    async def test(site: Site) -> None:
        await has(site, {OLD: RECOGNITION, NEW: RECOGNITION})
        await rolled_out(site, NEW, Stage.PROMOTED, former="gone@1", task=RECOGNITION)
        await has(site, {OLD: RECOGNITION})
        assert await started_with(site, 1) == {}

    on_sqlite(test)


def test_an_exam_that_a_rollout_gave_a_version_goes_on_without_it(on_site: OnSite) -> None:
    async def test(site: Site) -> None:
        await has(site, {OLD: TASK, NEW: TASK})
        await rolled_out(site, NEW, Stage.PROMOTED)
        assert await started_with(site, 1) == {TASK: NEW}
        await has(site, {OLD: TASK})
        await site.started("SESS-2", "CAND-2", exam_id="EXAM-1")
        assert site.node.obeyed.newest.networks == {}

    on_site(test)


def test_a_node_that_counts_anew_does_not_undo_what_it_has_told(on_sqlite: OnSite) -> None:
    async def test(site: Site) -> None:
        await begun(site)
        await site.started("SESS-0", "CAND-0", exam_id="EXAM-0")
        await says(site)
        await mended(site)
        for both in (6, 2, 7):
            await says(site, {GONE: Tally(both=both)})
            await following.look(site.parts)
            with site.parts.database.read() as db:
                row = rollouts.newest(db)[0]
                assert counted.pairs(db, row)[GONE].both == max(6, both)

    on_sqlite(test)


def test_what_nodes_tell_of_a_rollout_is_not_counted_for_the_next_one(
    on_sqlite: OnSite, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def test(site: Site) -> None:
        await begun(site)
        await site.started("SESS-0", "CAND-0", exam_id="EXAM-0")
        await says(site)
        await mended(site)
        await says(site, {GONE: Tally(both=60)})
        stale = (await site.parts.reading(rollouts.newest))[0]
        await asked(site, f"/models/rollouts/{stale.id}/abort", REASON)
        later = await rolled_out(site, OTHER, Stage.SHADOW)

        def ongoing(db: Session, *, to_change: bool = False) -> RolloutRow | None:
            return now_ongoing(db, to_change=True) if to_change else stale

        now_ongoing = rollouts.ongoing
        monkeypatch.setattr(rollouts, "ongoing", ongoing)
        await following.look(site.parts)
        with site.parts.database.read() as db:
            assert counted.pairs(db, later) == {}

    on_sqlite(test)

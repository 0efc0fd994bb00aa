"""A new version of a network on a real node: one made worse on purpose is found and taken back by the rule,
an equal one is promoted. The networks, the node, the hub and the coordinator are real."""

from __future__ import annotations

import asyncio
import shutil
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final
from uuid import UUID

import av
import numpy as np
import pytest

from coordinator.config import NodeSection
from coordinator.ground.own_keys import make_own_keys
from coordinator.rollouts import following
from coordinator.rollouts_section import RolloutsSection
from models.images import Image
from shared.sealing import signing_public_text
from shared.tokens import Role
from tests.support.edge_daemon import made_identity
from tests.support.eventually import until
from tests.support.exam_site import NODE_ID, Site, exam_site
from tests.support.nats import nats_server
from tests.support.other_versions import OTHER, OWN, TASK, weights_with_other
from tests.support.people import collins
from tests.support.real_node import RealNode, av_frame, config_of, real_node

pytestmark = [pytest.mark.weights, pytest.mark.realtime]

POLICY: Final = {
    "rules": {"FACE_NOT_FOUND": {"hold_s": 1, "clear_s": 0.8}},
    "features": {"audio_monitoring": False, "face_verification": False},
}
STEP_S: Final = 0.25
CYCLE: Final = 20
"""Pictures from one empty chair to the next."""
SHORT: Final = RolloutsSection(
    false_word=0.2,
    least_findings=20,
    least_of_event=10,
    least_exams=1,
    promoted_after_exams=1,
    canary_share=1.0,
)
"""As little as the rule can decide on."""
PICTURES: Final = 4
"""Of each kind; no camera gives the same one twice."""


def noisy(picture: Image) -> list[av.VideoFrame]:
    chance = np.random.default_rng(1)
    grains = [chance.integers(0, 8, picture.shape, np.uint8) for _ in range(PICTURES)]
    return [av_frame(np.minimum(picture, 247) + grain) for grain in grains]


FACES: Final = noisy(collins()[:384, :384])
EMPTY: Final = noisy(np.linspace((40,) * 3, (200,) * 3, 384 * 384).reshape(384, 384, 3).astype(np.uint8))


@dataclass
class Hall:
    """A coordinator and its real node."""

    site: Site
    real: RealNode
    shown: int = 0

    async def asked(self, path: str, body: Any = None) -> Any:
        headers = self.site.bearer(Role.OPERATOR, "olga")
        answer = await self.site.post(path, body, headers=headers)
        assert answer.is_success, answer.text
        return answer.json()

    async def rollout(self) -> dict[str, Any]:
        """The last rollout, after one more look of the rule."""
        await following.look(self.site.parts)
        headers = self.site.bearer(Role.OPERATOR)
        found: list[dict[str, Any]] = (await self.site.get("/models/rollouts", headers=headers)).json()
        return found[0]

    async def sit(self, reference: str, exam: str) -> UUID:
        """A candidate of the hall sits down."""
        said = {"exam_id": exam, "region": "hall", "policy": POLICY}
        answer = await self.site.started(reference, f"CAND-{reference}", **said)
        session_id = UUID(answer["signaling_url"].rstrip("/").rpartition("/")[2])
        await self.real.connect(session_id)
        return session_id

    async def show(self, sessions: Sequence[UUID], pictures: int) -> None:
        """So many pictures of a candidate who leaves and comes back, faster than they would come."""
        for _ in range(pictures):
            kind = EMPTY if self.shown % CYCLE < CYCLE // 2 else FACES
            for session_id in sessions:
                await self.real.show(session_id, kind[self.shown % PICTURES], self.shown * STEP_S)
            self.shown += 1

    def said(self, session_id: UUID) -> Any:
        """What the coordinator has last heard of a session."""
        state = self.site.parts.fleet.state(self.real.node.identity.node_id)
        assert state is not None
        return next((one for one in state.heartbeat.sessions if one.session_id == session_id), None)


@asynccontextmanager
async def hall(
    folder: Path, database: Path, monkeypatch: pytest.MonkeyPatch, *, blind: bool
) -> AsyncIterator[Hall]:
    manifest = weights_with_other(folder / "weights", blind=blind)
    monkeypatch.setenv("PROCTOR_WEIGHTS", str(folder / "weights"))
    monkeypatch.setattr("models.store.load_manifest", lambda: manifest)
    (folder / "nats").mkdir()
    shutil.copyfile(database, folder / "coordinator.db")
    identity = made_identity(folder / "edge")
    key = signing_public_text(make_own_keys(folder / "coordinator", None).signing.public_key())
    section = NodeSection(
        node_id=identity.node_id,
        region="hall",
        signing_key=signing_public_text(identity.signing.public_key()),
    )
    with nats_server(folder / "nats", [NODE_ID, identity.node_id]) as hub:
        config = config_of(folder / "edge", hub, identity, key)
        url = f"sqlite:///{folder / 'coordinator.db'}"
        async with exam_site(url, hub, folder, beside=(section,)) as site:
            site.parts.config = site.parts.config.model_copy(update={"rollouts": SHORT})
            async with real_node(config, identity, monkeypatch) as real:
                one = Hall(site, real)
                await until(lambda: _at_hand(one), "the node says which versions it has at hand")
                yield one


def _at_hand(one: Hall) -> bool:
    state = one.site.parts.fleet.state(one.real.node.identity.node_id)
    return state is not None and state.heartbeat.at_hand == {OWN: TASK, OTHER: TASK} | _mesh(one)


def _mesh(one: Hall) -> dict[str, str]:
    known = one.real.node.at_hand.known
    return {label: task for label, task in known.items() if task == "face-mesh"}


@pytest.fixture
def in_hall(
    migrated_sqlite: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Callable[[Callable[[Hall], Awaitable[None]], bool], None]:
    """Runs a test in a hall of its own, with a version that is blind or one that is equal."""

    def run(test: Callable[[Hall], Awaitable[None]], blind: bool) -> None:
        async def main() -> None:
            async with asyncio.timeout(240), hall(tmp_path, migrated_sqlite, monkeypatch, blind=blind) as one:
                await test(one)

        asyncio.run(main())

    return run


async def in_shadow(one: Hall) -> dict[str, Any]:
    """A rollout over two sessions, until the rule has decided about the shadow."""
    begun = await one.asked("/models/rollouts", {"network": OTHER, "region": "hall"})
    assert (begun["stage"], begun["former"], begun["waits_for"]) == ("shadow", OWN, "")
    sessions = [await one.sit(f"SESS-{number}", "EXAM-1") for number in (1, 2)]
    await until(lambda: all(_shadows(one, each) for each in sessions), "the node compares both versions")
    found = await one.rollout()
    while found["stage"] == "shadow":
        await one.show(sessions, 2 * CYCLE)
        found = await one.rollout()
    return found


def _shadows(one: Hall, session_id: UUID) -> bool:
    said = one.said(session_id)
    return said is not None and said.shadow == {TASK: OTHER}


def test_a_version_that_is_worse_is_found_and_taken_back(in_hall: Any) -> None:
    async def test(one: Hall) -> None:
        found = await in_shadow(one)
        assert (found["stage"], found["reason"][:15]) == ("aborted", "FACE_NOT_FOUND:")
        [event] = [event for event in found["compared"] if event["event"] == "FACE_NOT_FOUND"]
        assert event["sessions_with_fewer"] == 2
        later = await one.sit("SESS-3", "EXAM-2")
        await until(lambda: one.said(later) is not None, "the next exam begins")
        assert (one.said(later).networks, one.said(later).shadow) == ({}, {})

    in_hall(test, True)


def test_an_equal_version_looks_at_an_exam_and_is_promoted(in_hall: Any) -> None:
    async def test(one: Hall) -> None:
        found = await in_shadow(one)
        assert found["stage"] == "canary", found
        session_id = await one.sit("SESS-3", "EXAM-2")
        await until(lambda: one.said(session_id) is not None, "the next exam begins")
        assert one.said(session_id).networks == {TASK: OTHER}
        assert await networks_of_alert(one, session_id) == OTHER
        assert (await one.rollout())["stage"] == "canary"  # the exam is not over
        await one.site.post("/session/SESS-3/end", {"submitted": True})
        found = await one.rollout()
        assert (found["stage"], found["exams_new"], found["exams_old"]) == ("promoted", 1, 0)
        configuring = one.real.node.configuring
        await until(lambda: configuring.report.standing == "pending", "the node waits until it is empty")

    in_hall(test, False)


async def networks_of_alert(one: Hall, session_id: UUID) -> str:
    """The version that is named in the first alert about an empty chair."""

    async def alerts() -> list[dict[str, Any]]:
        timeline = (await one.site.get("/session/SESS-3/timeline")).json()
        return [each for each in timeline["items"] if each["event_type"] == "FACE_NOT_FOUND"]

    while not (found := await alerts()):
        await one.real.show(session_id, EMPTY[0], one.real.now_s(session_id))
        await asyncio.sleep(STEP_S)
    named: str = found[0]["metadata"]["models"]["faces"]
    return named

"""States of sessions on a real hub, under the permissions that the product gives a node."""

from __future__ import annotations

import asyncio
import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import nats.js.errors
import pytest
from nats.aio.client import Client
from nats.js.api import StorageType, StreamConfig

from edge.fleet.states import States
from edge.outbound import state_pace
from edge.sessions.port import assignment_of
from shared import subjects
from shared.messages.message import parse
from shared.messages.states import StateHeader
from shared.sealing import new_sealing_key, open_body, sealing_public_text, unpack, verify
from tests.support.alerts import new_identity
from tests.support.eventually import PATIENCE_S, cancelled, until
from tests.support.nats import nats_server, node_hub
from tests.support.observations import ONE
from tests.support.session_stage import stage

EXAM_KEY = new_sealing_key()
EVERY_S = 0.4


def test_a_session_sends_its_state_while_it_runs_and_anew_after_a_finding(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(state_pace, "STATE_EVERY_S", EVERY_S)
    identity = new_identity()

    async def story(url: str, user: str, password: str) -> None:
        client = Client()
        await client.connect(url, user=user, password=password)
        stream = client.jetstream()
        await stream.add_stream(
            StreamConfig(
                name=subjects.STATE_STREAM,
                subjects=[subjects.STATE_SUBJECTS],
                storage=StorageType.MEMORY,
                max_msgs_per_subject=1,
            )
        )
        hub = node_hub(url, identity.node_id)
        async with stage() as world:
            states = States(hub, identity, world.assignments, world.worker)
            world.assignments.on_report = states.reported
            running = [asyncio.create_task(work) for work in (hub.run(), states.run())]
            one = await world.started(seal_key=sealing_public_text(EXAM_KEY.public_key()))

            async def last() -> tuple[StateHeader, dict[str, Any]] | None:
                subject = subjects.state(identity.node_id, one.session_id)
                try:
                    found = await stream.get_last_msg(subjects.STATE_STREAM, subject)
                except nats.js.errors.NotFoundError:
                    return None
                assert found.data is not None
                parcel = unpack(found.data)
                verify(parcel, identity.signing.public_key())
                return parse(StateHeader, parcel.header), json.loads(open_body(parcel, EXAM_KEY))

            await until(last, "the first state")
            found = await last()
            assert found is not None
            header, memory = found
            assert (header.session_id, header.epoch, header.key_id) == (one.session_id, 1, one.seal_key_id)
            assert (header.policy_version, header.paused) == (one.policy.version, False)
            assert abs((datetime.now(UTC) - header.saved_utc).total_seconds()) < PATIENCE_S
            assert memory["course"]["raised"] == 0

            page = await world.page(one)
            await world.show(page, ONE, from_s=0, to_s=1)
            world.disk.takes.clear()
            await world.leave_empty(page, from_s=1, kept=False)

            async def knows() -> bool:
                state = await last()
                return state is not None and state[1]["course"]["raised"] >= 1

            await asyncio.sleep(1.5)
            assert not await knows()  # its alert is not on disk yet
            world.disk.takes.set()
            await until(knows, "the state with the finding")
            assert (await stream.stream_info(subjects.STATE_STREAM)).state.messages == 1

            changed = one.model_copy(update={"paused": True})
            await world.actions.change(changed)

            async def paused() -> bool:
                state = await last()
                return state is not None and state[0].paused

            await until(paused, "the state under the changed order")
            await world.end(one)
            assert await world.worker.saved(assignment_of(one)) is None

            async def quiet() -> bool:
                """Nothing was sent for several times as long as a running session sends nothing."""
                before = states.counts.total()
                await asyncio.sleep(4 * EVERY_S)
                return states.counts.total() == before

            await until(quiet, "no states after the end")
            await cancelled(*running)
        await client.close()

    with nats_server(tmp_path, [identity.node_id]) as server:
        asyncio.run(asyncio.wait_for(story(server.url, server.user, server.password), 120))

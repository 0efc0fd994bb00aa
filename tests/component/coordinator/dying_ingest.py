"""A coordinator that is killed after it has committed an alert and before it acknowledges it (kill -9)."""

from __future__ import annotations

import asyncio
import json
import os
import signal
import sys
from datetime import UTC, datetime
from pathlib import Path
from uuid import UUID

import coordinator.schema  # noqa: F401 - declares every table, as the whole program does
from coordinator.arriving.intake import AlertStore
from coordinator.ground.database import Database
from coordinator.ground.own_keys import load_own_keys
from coordinator.nodes.alert_stream import CALLER, AlertStream
from coordinator.nodes.stream import StreamSettings
from shared.hub_caller import HubAddress
from shared.hub_link import HubLink
from shared.hub_login import Password
from shared.sealing import parse_signing_public


async def die(about: dict[str, str]) -> None:
    hub = HubLink(HubAddress(url=about["url"], login=Password("coordinator", about["password"])), CALLER)
    stream = AlertStream(hub, StreamSettings(max_bytes=16 * 2**20, max_age_s=7_200.0, ack_wait_s=1.0))
    folder = Path(about["keys"])
    keyring = load_own_keys(folder, folder / "master.key", None).keyring
    signers = {UUID(about["node_id"]): parse_signing_public(about["signing_key"])}
    store = AlertStore(Database(about["database"]), keyring, signers)
    async with asyncio.TaskGroup() as tasks:
        tasks.create_task(hub.run())
        await hub.wait_connected()
        print("connected", flush=True)  # noqa: T201 - the test waits for it
        while True:
            for delivery in await stream.fetch(1, 5.0):
                await asyncio.to_thread(store.take, [delivery], datetime.now(UTC))
                os.kill(os.getpid(), signal.SIGKILL)


if __name__ == "__main__":
    asyncio.run(die(json.loads(sys.argv[1])))

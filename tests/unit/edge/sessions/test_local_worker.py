"""What a worker of the control process reports is its own no more."""

from __future__ import annotations

import asyncio
from typing import Any, cast

from edge.analysis.engine import Engine
from edge.analysis.instruments import Instruments
from edge.analysis.levels import LevelInForce
from edge.analysis.restarts import Restarts
from edge.analysis.versions import Versions
from edge.sessions.local_worker import LocalWorker
from edge.sessions.session import Session
from shared.messages.sessions import StartSession
from tests.support.foreign import Detector, stand_in


def no_session(_: StartSession) -> Session:
    raise AssertionError("nobody starts one")


def test_a_report_shares_nothing_with_the_worker() -> None:
    async def main() -> None:
        async with Engine(1) as engine:
            networks = stand_in(Detector())
            worker = LocalWorker(
                Instruments(
                    networks=networks,
                    engine=engine,
                    level=LevelInForce(1),
                    versions=Versions(networks, Restarts()),
                ),
                no_session,
                print,
            )
            report = await worker.report()
            for values in (report.models, report.calls_waiting, report.dropped):
                cast(dict[str, Any], values)["changed"] = 1
            assert "changed" not in networks.labels
            again = await worker.report()
            assert not {"changed"} & (again.models.keys() | again.calls_waiting.keys() | again.dropped.keys())

    asyncio.run(main())

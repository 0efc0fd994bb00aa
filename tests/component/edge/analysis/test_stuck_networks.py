"""A network that hangs in the engine: opened anew, and after too many times on the next runtime."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from edge.analysis.engine import Engine
from edge.analysis.restarts import Restarts
from models.chain import Runtime
from models.onnx_session import open_onnx
from models.remedy import MAX_RESTARTS
from models.runtime import Network, Opened
from shared.errors import Unavailable
from tests.support.networks import save_affine
from tests.support.reopening import wait_reopened

STUCK_S = 0.3
ONES = {"x": np.ones((1, 4), np.float32)}


def hanging(path: Path, hang: Callable[[], None], where: Runtime) -> Network:
    """A real network that hangs on one runtime."""

    def opener(runtime: Runtime) -> Opened:
        backend = open_onnx(path, runtime, 1)

        def call(inputs: Mapping[str, NDArray[Any]]) -> dict[str, NDArray[Any]]:
            if runtime is where:
                hang()
            return backend.call(inputs)

        return Opened(replace(backend, call=call), 1.0)

    return Network("affine", [Runtime.ONNX_OPENVINO, Runtime.ONNX_CPU], opener)


def test_a_network_that_hangs_again_and_again_serves_on_the_next_device(tmp_path: Path) -> None:
    go, hangs = threading.Event(), list[int]()

    def hang() -> None:
        hangs.append(1)
        assert go.wait(60)

    async def main() -> None:
        network = hanging(save_affine(tmp_path / "affine.onnx"), hang, Runtime.ONNX_OPENVINO)
        restarts = Restarts([network], STUCK_S / 2)
        async with Engine(1, max_run_s=STUCK_S, on_stuck=restarts.stuck) as engine:
            while network.runtime is Runtime.ONNX_OPENVINO:
                with suppress(Unavailable):
                    await engine.run("faces", lambda: network.run(ONES))
                await asyncio.to_thread(wait_reopened)
            assert network.works
        assert network.run(ONES)["y"].tolist() == [[3.0] * 4]

    try:
        asyncio.run(asyncio.wait_for(main(), 60))
    finally:
        go.set()
    assert len(hangs) > MAX_RESTARTS


def test_what_hangs_outside_of_the_networks_opens_none_and_is_counted(tmp_path: Path) -> None:
    network = hanging(save_affine(tmp_path / "affine.onnx"), lambda: None, Runtime.ONNX_CPU)
    restarts = Restarts([network], STUCK_S / 2)
    assert [restarts.stuck("faces") for _ in range(MAX_RESTARTS + 1)] == [False] * (MAX_RESTARTS + 1)
    assert restarts.too_many(0.0)
    assert network.device == "cpu-openvino"

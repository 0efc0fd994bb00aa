"""A network on the first device that takes it, and what happens when that device fails in use.

Failures are injected into real networks of real runtimes.
"""

from __future__ import annotations

import threading
from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from models.backend import DeviceLost, failure
from models.chain import BestDevice, Chain, Runtime
from models.manifest import load_manifest
from models.onnx_session import open_onnx
from models.opening import open_entry
from models.references import sampled, stored_references
from models.runtime import Network, Opened, installed_runtimes, open_network
from shared.errors import Corrupt, Unavailable
from tests.support.networks import save_affine, store_of
from tests.support.reopening import wait_reopened
from tests.support.weights import present, store

BOTH = (Runtime.ONNX_OPENVINO, Runtime.ONNX_CPU)
ONES = {"x": np.ones((1, 4), np.float32)}
Answer = dict[str, NDArray[Any]]


class Faulty:
    """Opens a tiny network; `faults` says by runtime what its calls do instead of answering."""

    def __init__(self, path: Path, faults: Mapping[Runtime, Callable[[], None]]) -> None:
        self._path = path
        self.faults = dict(faults)
        self.opened = Counter[Runtime]()

    def __call__(self, runtime: Runtime) -> Opened:
        backend = open_onnx(self._path, runtime, 1)
        self.opened[runtime] += 1

        def call(inputs: Mapping[str, NDArray[Any]]) -> Answer:
            self.faults.get(runtime, lambda: None)()
            return backend.call(inputs)

        return Opened(replace(backend, call=call), 1.0)


def out_of_memory() -> None:
    raise failure("affine", "cuda:0", RuntimeError("CUDA failure 2: out of memory ; GPU=0"))


def run(network: Network) -> list[list[float]] | str:
    """The answer, or the class of its error, when it is not being opened anew any more."""
    try:
        answer: list[list[float]] = network.run(ONES)["y"].tolist()
    except Unavailable as error:
        wait_reopened()
        return type(error).__name__
    return answer


def test_a_device_that_fails_is_opened_five_times_then_the_next_serves(tmp_path: Path) -> None:
    opener = Faulty(save_affine(tmp_path / "affine.onnx"), {Runtime.ONNX_OPENVINO: out_of_memory})
    network = Network("affine", BOTH, opener)
    assert [run(network) for _ in range(6)] == ["DeviceLost"] * 6
    assert run(network) == [[3.0] * 4]
    assert opener.opened == {Runtime.ONNX_OPENVINO: 6, Runtime.ONNX_CPU: 1}
    assert (network.device, network.runtime, network.works) == ("cpu", Runtime.ONNX_CPU, True)


def test_a_device_that_recovers_goes_on_where_it_is(tmp_path: Path) -> None:
    opener = Faulty(save_affine(tmp_path / "affine.onnx"), {Runtime.ONNX_OPENVINO: out_of_memory})
    network = Network("affine", BOTH, opener)
    assert [run(network) for _ in range(2)] == ["DeviceLost"] * 2
    opener.faults.clear()
    assert run(network) == [[3.0] * 4]
    assert (network.device, opener.opened[Runtime.ONNX_CPU]) == ("cpu-openvino", 0)


def test_at_the_end_of_the_chain_it_does_not_work_until_it_answers_again(tmp_path: Path) -> None:
    opener = Faulty(save_affine(tmp_path / "affine.onnx"), {Runtime.ONNX_CPU: out_of_memory})
    network = Network("affine", [Runtime.ONNX_CPU], opener)
    assert [run(network) for _ in range(8)] == ["DeviceLost"] * 8
    assert (network.works, opener.opened[Runtime.ONNX_CPU]) == (False, 6)
    opener.faults.clear()
    assert (run(network), network.works) == ([[3.0] * 4], True)


def test_a_device_that_does_not_open_again_is_left_at_once(tmp_path: Path) -> None:
    path = save_affine(tmp_path / "affine.onnx")
    opener = Faulty(path, {Runtime.ONNX_OPENVINO: out_of_memory})

    def gone_afterwards(runtime: Runtime) -> Opened:
        if runtime is Runtime.ONNX_OPENVINO and opener.opened[runtime]:
            raise Unavailable("the device is gone")
        return opener(runtime)

    network = Network("affine", BOTH, gone_afterwards)
    assert (run(network), run(network)) == ("DeviceLost", [[3.0] * 4])
    assert network.device == "cpu"


def test_a_call_that_does_not_return_is_left_behind_and_the_network_opened_anew(tmp_path: Path) -> None:
    begun, go = threading.Event(), threading.Event()

    def hang() -> None:
        begun.set()
        assert go.wait(30)

    opener = Faulty(save_affine(tmp_path / "affine.onnx"), {Runtime.ONNX_OPENVINO: hang})
    network = Network("affine", BOTH, opener)
    assert not network.recover_if_stuck(0.0)
    stuck = threading.Thread(target=run, args=(network,), daemon=True)
    stuck.start()
    assert begun.wait(20)
    assert not network.recover_if_stuck(60.0)
    assert network.recover_if_stuck(0.0)
    wait_reopened()
    # The call that is left behind belongs to the network before.
    assert not network.recover_if_stuck(0.0)
    opener.faults.clear()
    assert run(network) == [[3.0] * 4]
    assert opener.opened == {Runtime.ONNX_OPENVINO: 2}
    go.set()
    stuck.join(20)


def test_many_callers_who_see_one_failure_open_it_once(tmp_path: Path) -> None:
    together = threading.Barrier(4)

    def fail_together() -> None:
        together.wait(20)
        out_of_memory()

    opener = Faulty(save_affine(tmp_path / "affine.onnx"), {Runtime.ONNX_CPU: fail_together})
    network = Network("affine", [Runtime.ONNX_CPU], opener)
    callers = [threading.Thread(target=run, args=(network,)) for _ in range(4)]
    for caller in callers:
        caller.start()
    for caller in callers:
        caller.join(30)
    assert opener.opened == {Runtime.ONNX_CPU: 2}


@pytest.mark.parametrize(
    ("said", "lost"),
    [
        ("CUDA failure 700: an illegal memory access was encountered", True),
        ("Failed to allocate memory for requested buffer of size 104857600", True),
        ("CUDNN_STATUS_EXECUTION_FAILED", True),
        ("std::bad_alloc", True),
        ("Got invalid dimensions for input: x", False),
    ],
)
def test_a_failed_device_is_told_from_a_wrong_input(said: str, lost: bool) -> None:
    assert isinstance(failure("affine", "cuda:0", RuntimeError(said)), DeviceLost) is lost


def test_another_answer_than_the_stored_one_is_refused_and_the_next_serves(tmp_path: Path) -> None:
    right, wrong = save_affine(tmp_path / "right.onnx"), save_affine(tmp_path / "wrong.onnx", offset=1.5)
    given = {"x": np.sin(np.arange(4, dtype=np.float64) * 0.37).astype(np.float32)[None]}
    reference = sampled(open_network(right).run(given))
    assert open_network(right, reference=reference).device == "cpu"
    with pytest.raises(Unavailable, match=r"wrong answer on cpu: output y differs by 0\.5"):
        open_network(wrong, reference=reference)
    with pytest.raises(Unavailable, match=r"wrong answer on cpu-openvino.*; .*wrong answer on cpu"):
        open_network(wrong, runtime=Runtime.OPENVINO, then=Chain((Runtime.ONNX_CPU,)), reference=reference)


def test_a_file_that_no_runtime_reads_is_corrupt(tmp_path: Path) -> None:
    path = tmp_path / "junk.onnx"
    path.write_bytes(b"not a network at all" * 50)
    with pytest.raises(Corrupt, match=r"ONNX Runtime.*; .*OpenVINO"):
        open_network(path, runtime=Runtime.ONNX_CPU, then=Chain((Runtime.OPENVINO,)))


def test_a_network_keeps_its_names_on_every_runtime(tmp_path: Path) -> None:
    path = save_affine(tmp_path / "affine.onnx")
    opened = [open_network(path, runtime=runtime) for runtime in (*BOTH, Runtime.OPENVINO)]
    assert {network.outputs for network in opened} == {("y",)}
    assert {network.inputs[0].name for network in opened} == {"x"}


@pytest.mark.weights
@pytest.mark.parametrize(
    "name",
    [
        name
        for name, entry in ((one.name, one) for one in load_manifest().entries)
        if entry.runtime is Runtime.ONNX_OPENVINO
    ],
)
def test_where_onnx_runtime_is_built_without_openvino_the_same_network_serves_elsewhere(name: str) -> None:
    # The installation for GPUs is one; there, three of the default networks stopped the whole node.
    entry = present(name)
    installed = installed_runtimes() - {Runtime.ONNX_OPENVINO}
    for network in open_entry(store(), entry, installed=installed):
        assert network.runtime is Runtime.OPENVINO
        assert [one.runtime for one in network.refused] == [Runtime.ONNX_OPENVINO]


@pytest.mark.weights
@pytest.mark.parametrize("name", [one.name for one in load_manifest().entries if one.files and one.runtime])
def test_a_network_gives_its_stored_answer_on_every_other_runtime_of_its_chain(name: str) -> None:
    entry = present(name)
    assert all(file.sha256 in stored_references() for file in entry.files[:1])
    first, *others = open_entry(store(), entry)[0].rungs
    assert first is entry.runtime
    for runtime in others:
        assert {one.runtime for one in open_entry(store(), entry, installed=frozenset({runtime}))} == {
            runtime
        }


def test_a_gpu_that_is_wanted_and_absent_is_told_and_the_processor_serves(tmp_path: Path) -> None:
    path = save_affine(tmp_path / "det.onnx")
    entry_store = store_of(tmp_path, "scrfd-500m", path)
    (entry,) = entry_store.manifest.entries
    installed = frozenset({Runtime.ONNX_CPU, Runtime.OPENVINO})
    (network,) = open_entry(entry_store, entry, best=BestDevice.CUDA, installed=installed)
    assert network.runtime is Runtime.ONNX_CPU
    assert [(one.runtime, one.reason) for one in network.refused] == [
        (Runtime.ONNX_CUDA, "not installed"),
        (Runtime.ONNX_OPENVINO, "not installed"),
    ]

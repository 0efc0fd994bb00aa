"""`models.runtime` against the installed runtimes, with networks written here."""

import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import pytest

from models.chain import ON_GPU, Chain, Runtime
from models.runtime import installed_runtimes, open_network
from shared.errors import ConfigError, Corrupt, Unavailable
from tests.support.networks import save_affine, save_saying
from tests.support.weights import present, store

ONNX_READERS = [Runtime.ONNX_CPU, Runtime.ONNX_OPENVINO, Runtime.OPENVINO]


@pytest.mark.parametrize(
    ("runtime", "device"),
    [
        (Runtime.ONNX_CPU, "cpu"),
        (Runtime.ONNX_OPENVINO, "cpu-openvino"),
        (Runtime.OPENVINO, "cpu-openvino"),
    ],
)
def test_each_runtime_answers_alike_and_names_the_device_it_uses(
    tmp_path: Path, runtime: Runtime, device: str
) -> None:
    network = open_network(save_affine(tmp_path / "affine.onnx"), runtime=runtime)
    answer = network.run({"x": np.arange(4, dtype=np.float32)[None]})
    assert network.device == device
    assert answer["y"].tolist() == [[1.0, 3.0, 5.0, 7.0]]


def test_ports_tell_names_types_and_free_dimensions(tmp_path: Path) -> None:
    network = open_network(save_affine(tmp_path / "affine.onnx"))
    (port,) = network.inputs
    assert (port.name, port.shape, port.dtype.name) == ("x", (None, 4), "float32")
    assert network.outputs == ("y",)


@pytest.mark.parametrize("runtime", [Runtime.ONNX_CPU, Runtime.OPENVINO])
def test_an_answer_has_only_the_outputs_that_are_read(tmp_path: Path, runtime: Runtime) -> None:
    said = {name: np.full((1, size), size) for size, name in enumerate("abc", 1)}
    path = save_saying(tmp_path / "three.onnx", {"x": [1, 4]}, said)
    # The second one may be opened as the first one was compiled; the last is not confused with them.
    for unread, read in (("b", "ac"), ("b", "ac"), ("", "abc")):
        network = open_network(path, runtime=runtime, unread=unread)
        answer = network.run({"x": np.zeros((1, 4), np.float32)})
        assert network.outputs == tuple(read)
        assert {name: array.ravel()[0] for name, array in answer.items()} == {
            name: said[name].size for name in read
        }


@pytest.mark.parametrize("runtime", ONNX_READERS)
def test_callers_on_many_threads_get_their_own_answers(tmp_path: Path, runtime: Runtime) -> None:
    network = open_network(save_affine(tmp_path / "affine.onnx", batch=1), runtime=runtime, streams=2)

    def call(value: int) -> bool:
        answer = network.run({"x": np.full((1, 4), value, np.float32)})["y"]
        return bool((answer == 2 * value + 1).all())

    with ThreadPoolExecutor(8) as pool:
        assert all(pool.map(call, range(400)))


@pytest.mark.parametrize("runtime", ONNX_READERS)
def test_an_idle_network_uses_no_processor(tmp_path: Path, runtime: Runtime) -> None:
    network = open_network(save_affine(tmp_path / "affine.onnx"), runtime=runtime, streams=2)
    network.run({"x": np.zeros((1, 4), np.float32)})
    before_s = time.process_time()
    time.sleep(0.4)
    # Spinning threads of one session alone would use 0.03 s and more of this pause.
    assert time.process_time() - before_s < 0.02


def test_a_network_that_answers_zeros_with_infinity_is_refused(tmp_path: Path) -> None:
    path = save_affine(tmp_path / "bad.onnx", offset=float("inf"))
    with pytest.raises(Corrupt, match="not finite"):
        open_network(path)


@pytest.mark.parametrize("runtime", ONNX_READERS)
@pytest.mark.parametrize("wild", [3e38, float("nan")])
def test_an_answer_that_is_no_number_is_an_error_and_not_a_no(
    tmp_path: Path, runtime: Runtime, wild: float
) -> None:
    # Not-a-number is below every threshold: "no face", "a stranger", "nobody there" would be told of people.
    network = open_network(save_affine(tmp_path / "affine.onnx"), runtime=runtime)
    with pytest.raises(Unavailable, match=r"affine\.onnx.*output y is not finite"):
        network.run({"x": np.array([[0.0, wild, 0.0, 0.0]], np.float32)})
    assert network.run({"x": np.zeros((1, 4), np.float32)})["y"].tolist() == [[1.0] * 4]


@pytest.mark.parametrize(
    ("name", "runtime"),
    [
        ("junk.onnx", None),
        ("junk.tflite", None),
        ("junk.tflite", Runtime.LITERT),
        ("junk.tflite", Runtime.MEDIAPIPE),
    ],
)
def test_a_file_that_is_no_network_is_refused_by_name(
    tmp_path: Path, name: str, runtime: Runtime | None
) -> None:
    path = tmp_path / name
    path.write_bytes(b"not a network at all" * 50)
    with pytest.raises(Corrupt, match=name):
        open_network(path, runtime=runtime, span=(0.0, 1.0))


@pytest.mark.weights
def test_litert_keeps_callers_apart_names_its_device_and_sleeps_when_idle() -> None:
    network = open_network(store().path(present("yamnet")), runtime=Runtime.LITERT, streams=2)
    assert network.device == "cpu-litert"
    (port,) = network.inputs
    sounds = [np.random.default_rng(n).normal(0, 0.1, 15_600).astype(np.float32) for n in range(6)]
    alone = [next(iter(network.run({port.name: sound}).values())) for sound in sounds]
    with ThreadPoolExecutor(6) as pool:
        together = list(pool.map(lambda sound: next(iter(network.run({port.name: sound}).values())), sounds))
    assert all((one == other).all() for one, other in zip(alone, together, strict=True))
    before_s = time.process_time()
    time.sleep(0.4)
    assert time.process_time() - before_s < 0.02


@pytest.mark.weights
def test_litert_refuses_a_wrong_input_and_lives_on() -> None:
    network = open_network(store().path(present("yamnet")), runtime=Runtime.LITERT)
    (port,) = network.inputs
    with pytest.raises(Unavailable, match="failed on cpu-litert"):
        network.run({port.name: np.zeros(7, np.float32)})
    assert network.run({port.name: np.zeros(15_600, np.float32)})


def test_a_missing_file_says_how_to_get_it(tmp_path: Path) -> None:
    with pytest.raises(Unavailable, match="models fetch"):
        open_network(tmp_path / "absent.onnx")


def test_a_wrong_input_is_an_error_and_the_network_lives_on(tmp_path: Path) -> None:
    network = open_network(save_affine(tmp_path / "affine.onnx", batch=1))
    with pytest.raises(Unavailable, match="failed on cpu"):
        network.run({"x": np.zeros((1, 5), np.float32)})
    assert network.run({"x": np.zeros((1, 4), np.float32)})["y"].tolist() == [[1.0] * 4]


def test_a_runtime_that_is_not_installed_is_an_error_and_the_next_serves(tmp_path: Path) -> None:
    absent = next((one for one in ON_GPU if one not in installed_runtimes()), None)
    if absent is None:
        pytest.skip("this build of ONNX Runtime has every runtime on a GPU")
    path = save_affine(tmp_path / "affine.onnx")
    with pytest.raises(ConfigError, match="ExecutionProvider"):
        open_network(path, runtime=absent)
    network = open_network(path, runtime=absent, then=Chain((Runtime.OPENVINO, Runtime.ONNX_CPU)))
    assert (network.device, network.runtime) == ("cpu-openvino", Runtime.OPENVINO)
    assert [(one.runtime, "ExecutionProvider" in one.reason) for one in network.refused] == [(absent, True)]

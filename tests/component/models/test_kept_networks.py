"""Networks that OpenVINO compiled before: opened as they were kept, and compiled anew where that is wrong."""

from collections.abc import Collection
from pathlib import Path

import numpy as np
import pytest

from models import runtime
from models.backend import Backend
from models.chain import Runtime
from models.compiled import Compiled, keep_compiled, read_compiled
from models.openvino_request import open_openvino
from models.references import Reference, fixed_input, sampled
from models.runtime import Network, open_network
from models.trial import sizes_of
from shared.errors import Unavailable
from tests.support.networks import save_affine, save_saying

Compiling = list[str]
"""The names of the files that were compiled."""


@pytest.fixture
def compiling(monkeypatch: pytest.MonkeyPatch) -> Compiling:
    done: Compiling = []

    def compiled(path: Path, streams: int, unread: Collection[str]) -> Backend:
        done.append(path.name)
        return open_openvino(path, streams, unread)

    monkeypatch.setattr(runtime, "open_openvino", compiled)
    return done


def opened(path: Path, reference: Reference | None = None, streams: int = 1) -> Network:
    return open_network(path, runtime=Runtime.OPENVINO, streams=streams, reference=reference)


def answer(network: Network) -> list[float]:
    values: list[float] = network.run({"x": np.arange(4, dtype=np.float32)[None]})["y"][0].tolist()
    return values


def right_answer(path: Path) -> Reference:
    network = open_network(path)
    return sampled(network.run(fixed_input(network.inputs, sizes_of(network.inputs, {}))))


def kept(path: Path) -> list[Path]:
    return sorted(path.parent.glob(f"{path.name}.*.compiled"))


def test_a_network_is_compiled_once_and_then_opened_as_it_was_kept(
    tmp_path: Path, compiling: Compiling
) -> None:
    path = save_affine(tmp_path / "affine.onnx")
    first, second, third = (opened(path, right_answer(path)) for _ in range(3))
    assert compiling == ["affine.onnx"]
    for network in (second, third):
        assert answer(network) == answer(first) == [1.0, 3.0, 5.0, 7.0]
        assert (network.inputs, network.outputs, network.device) == (
            first.inputs,
            first.outputs,
            "cpu-openvino",
        )


def test_outputs_keep_their_names_and_their_order(tmp_path: Path, compiling: Compiling) -> None:
    said = {name: np.full((1, 2), number, np.float32) for number, name in enumerate(("z", "a", "m", "b"))}
    path = tmp_path / "saying.onnx"
    save_saying(path, {"x": (1, 4)}, said)
    for network in (opened(path), opened(path)):
        assert network.outputs == tuple(said)
        given = network.run({"x": np.zeros((1, 4), np.float32)})
        assert {name: float(values[0, 0]) for name, values in given.items()} == {
            "z": 0.0,
            "a": 1.0,
            "m": 2.0,
            "b": 3.0,
        }
    assert compiling == ["saying.onnx"]


def test_other_weights_under_the_same_name_and_other_settings_are_compiled(
    tmp_path: Path, compiling: Compiling
) -> None:
    path = save_affine(tmp_path / "affine.onnx")
    opened(path)
    opened(path, streams=2)
    save_affine(path, scale=5.0)
    assert answer(opened(path)) == [1.0, 6.0, 11.0, 16.0]
    assert compiling == ["affine.onnx"] * 3


def test_what_is_damaged_is_compiled_and_kept_anew(tmp_path: Path, compiling: Compiling) -> None:
    path = save_affine(tmp_path / "affine.onnx")
    opened(path)
    [file] = kept(path)
    whole = file.read_bytes()
    for damaged in (b"", whole[:-1], whole[:200] + b"?" + whole[201:]):
        file.write_bytes(damaged)
        compiling.clear()
        assert answer(opened(path)) == [1.0, 3.0, 5.0, 7.0]
        assert answer(opened(path)) == [1.0, 3.0, 5.0, 7.0]
        assert compiling == ["affine.onnx"]
        assert read_compiled(file) is not None


def test_what_openvino_refuses_is_compiled_anew(tmp_path: Path, compiling: Compiling) -> None:
    path = save_affine(tmp_path / "affine.onnx")
    opened(path)
    [file] = kept(path)
    keep_compiled(file, Compiled(("y",), b"is no network"))
    assert answer(opened(path)) == [1.0, 3.0, 5.0, 7.0]
    assert compiling == ["affine.onnx"] * 2


def test_what_gives_another_answer_than_the_stored_one_is_compiled_anew(
    tmp_path: Path, compiling: Compiling
) -> None:
    path, other = save_affine(tmp_path / "affine.onnx"), save_affine(tmp_path / "other.onnx", scale=5.0)
    opened(path)
    opened(other)
    [file], [foreign] = kept(path), kept(other)
    file.write_bytes(foreign.read_bytes())
    assert answer(opened(path, right_answer(path))) == [1.0, 3.0, 5.0, 7.0]
    assert compiling == ["affine.onnx", "other.onnx", "affine.onnx"]
    # The other half: weights that give a wrong answer stay refused, kept or not.
    with pytest.raises(Unavailable, match="wrong answer"):
        opened(other, right_answer(path))


def test_where_nothing_can_be_kept_a_network_opens_as_well(
    tmp_path: Path, compiling: Compiling, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = save_affine(tmp_path / "affine.onnx")

    def full(_: Path, data: bytes) -> int:
        raise OSError(28, "No space left on device")

    with monkeypatch.context() as disk:
        disk.setattr(Path, "write_bytes", full)
        assert answer(opened(path)) == [1.0, 3.0, 5.0, 7.0]
    assert [one.name for one in tmp_path.iterdir()] == ["affine.onnx"]
    opened(path)
    assert compiling == ["affine.onnx"] * 2

"""What the converters make computes what the original network computed."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from models.converters import convert, dlib_resnet, ge2e
from models.opening import open_entry
from models.runtime import open_network
from models.store import Store
from shared.errors import Corrupt
from tests.support.torch_streams import tensor_stream

Floats = NDArray[np.float32]

FRAMES = 7


def random_encoder(rng: np.random.Generator) -> dict[str, Floats]:
    """A state of the encoder's shapes with other numbers, and a scale beside it as the real one has."""
    state = {"similarity_weight": np.array([10.0], np.float32)}
    for layer in range(ge2e.LAYERS):
        inputs = ge2e.BANDS if layer == 0 else ge2e.HIDDEN
        shapes = {"weight_ih": (4 * ge2e.HIDDEN, inputs), "weight_hh": (4 * ge2e.HIDDEN, ge2e.HIDDEN)}
        shapes |= {"bias_ih": (4 * ge2e.HIDDEN,), "bias_hh": (4 * ge2e.HIDDEN,)}  # type: ignore[dict-item]
        for name, shape in shapes.items():
            state[f"lstm.{name}_l{layer}"] = rng.normal(0, 0.15, shape).astype(np.float32)
    state["linear.weight"] = rng.normal(0, 0.1, (ge2e.HIDDEN, ge2e.HIDDEN)).astype(np.float32)
    state["linear.bias"] = rng.normal(0, 0.1, ge2e.HIDDEN).astype(np.float32)
    return state


def reference_embedding(state: dict[str, Floats], mel: Floats) -> Floats:
    """The encoder written out step by step: gates stacked input, forget, cell, output as PyTorch has them."""
    steps = list(mel)
    for layer in range(ge2e.LAYERS):
        hidden = cell = np.zeros(ge2e.HIDDEN, np.float32)
        for index, step in enumerate(steps):
            total = state[f"lstm.weight_ih_l{layer}"] @ step + state[f"lstm.bias_ih_l{layer}"]
            total = total + state[f"lstm.weight_hh_l{layer}"] @ hidden + state[f"lstm.bias_hh_l{layer}"]
            enter, forget, candidate, leave = np.split(total, 4)
            cell = sigmoid(forget) * cell + sigmoid(enter) * np.tanh(candidate)
            hidden = sigmoid(leave) * np.tanh(cell)
            steps[index] = hidden
    linear = np.maximum(state["linear.weight"] @ steps[-1] + state["linear.bias"], 0)
    return np.asarray(linear / np.linalg.norm(linear), np.float32)


def sigmoid(values: Floats) -> Floats:
    return np.asarray(1 / (1 + np.exp(-values)), np.float32)


def test_the_speaker_encoder_computes_what_its_equations_say(tmp_path: Path) -> None:
    rng = np.random.default_rng(1)
    state = random_encoder(rng)
    source, target = tmp_path / "pretrained.pt", tmp_path / "ge2e.onnx"
    source.write_bytes(tensor_stream(state))
    convert("ge2e", source, target)
    mel = rng.random((2, FRAMES, ge2e.BANDS)).astype(np.float32)
    network = open_network(target, shapes={"mel": (1, FRAMES, ge2e.BANDS)})
    made = network.run({"mel": mel})["embedding"]
    for index in range(2):
        np.testing.assert_allclose(made[index], reference_embedding(state, mel[index]), atol=2e-6)


@pytest.mark.parametrize("content", [b"", b"PK\x03\x04 a zip of a later PyTorch", tensor_stream({})])
def test_a_file_that_is_no_speaker_encoder_is_corrupt(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "source").write_bytes(content)
    with pytest.raises(Corrupt):
        convert("ge2e", tmp_path / "source", tmp_path / "target.onnx")
    assert not (tmp_path / "target.onnx").exists()


def integer(value: int) -> bytes:
    size = max(1, (value.bit_length() + 7) // 8)
    return bytes([size]) + value.to_bytes(size, "little")


def convolution(filters: int, channels: int) -> bytes:
    values = np.zeros(filters * channels * 9 + filters, "<f4")
    sizes = b"".join(map(integer, (2, values.size, 1, 1, 1)))
    return b"\x01\x05con_4" + sizes + values.tobytes() + b"".join(map(integer, (filters, 3, 3, 1, 1, 1, 1)))


@pytest.mark.parametrize(
    ("content", "complaint"),
    [
        (b"", "not dlib's face recognition network"),
        (convolution(2, 3), "not dlib's face recognition network"),
        (convolution(2, 3)[:60], "is cut off"),
        (b"\x01\x05con_4" + b"".join(map(integer, (2, 1 << 40, 1, 1, 1))), "is cut off"),
        (b"\x01\x05con_4\x09", "is cut off"),
    ],
)
def test_a_file_that_is_no_dlib_network_is_corrupt(content: bytes, complaint: str) -> None:
    with pytest.raises(Corrupt, match=complaint):
        dlib_resnet.to_onnx(content)


# Both known answers were computed once by these converters, after dlib's had told 51 pairs of the same person
# from 1,719 pairs of strangers and the encoder's had passed the test of its equations above.


@pytest.mark.weights
def test_dlibs_network_gives_its_known_answer_for_a_ramp() -> None:
    store = Store.here()
    (network,) = open_entry(store, store.manifest.entry("dlib-resnet"))
    ramp = (np.arange(3 * 150 * 150, dtype=np.float32) % 255 / 255 - 0.5).reshape(1, 3, 150, 150)
    answer = network.run({"picture": ramp})["embedding"][0]
    np.testing.assert_allclose(answer[:4], [-0.060681, 0.103951, 0.068242, -0.001805], atol=2e-5)
    assert np.linalg.norm(answer) == pytest.approx(1.284842, abs=1e-4)


@pytest.mark.weights
def test_the_speaker_encoder_gives_its_known_answer_for_a_ramp() -> None:
    store = Store.here()
    (network,) = open_entry(store, store.manifest.entry("ge2e"))
    ramp = (np.arange(160 * 40, dtype=np.float32) % 97 / 970).reshape(1, 160, 40)
    answer = network.run({"mel": ramp})["embedding"][0]
    np.testing.assert_allclose(answer[[0, 4, 7]], [0.0, 0.139639, 0.053777], atol=2e-5)
    assert np.linalg.norm(answer) == pytest.approx(1.0, abs=1e-5)

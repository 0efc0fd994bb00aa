"""The reader of PyTorch's legacy stream takes float32 tensors and nothing else."""

from pathlib import Path

import numpy as np
import pytest

from models.converters.torch_stream import read_tensors
from shared.errors import Corrupt
from tests.support.torch_streams import HEAD, tensor_stream

TENSORS = {
    "matrix": np.arange(6, dtype=np.float32).reshape(2, 3),
    "vector": np.array([0.5, -1.5], np.float32),
}


def test_tensors_come_back_by_name_with_their_shapes() -> None:
    read = read_tensors(tensor_stream(TENSORS), "model_state")
    assert {name: values.tolist() for name, values in read.items()} == {
        name: values.tolist() for name, values in TENSORS.items()
    }


def test_a_stream_that_asks_for_a_function_is_refused_before_it_is_called(tmp_path: Path) -> None:
    witness = tmp_path / "ran"
    evil = HEAD + f"cos\nsystem\n(Vtouch {witness}\ntR.".encode()
    with pytest.raises(Corrupt, match=r"os\.system"):
        read_tensors(evil, "model_state")
    assert not witness.exists()


@pytest.mark.parametrize("kept", [0, 1, 40, 200, -3])
def test_a_stream_that_breaks_off_is_corrupt(kept: int) -> None:
    with pytest.raises(Corrupt):
        read_tensors(tensor_stream(TENSORS)[:kept], "model_state")


def test_another_object_than_the_one_asked_for_is_corrupt() -> None:
    with pytest.raises(Corrupt):
        read_tensors(tensor_stream(TENSORS, member="optimizer_state"), "model_state")


def test_a_tensor_that_does_not_lie_in_one_piece_is_corrupt() -> None:
    with pytest.raises(Corrupt, match="not contiguous"):
        read_tensors(tensor_stream({"t": TENSORS["matrix"].T}), "model_state")

"""PyTorch legacy streams written by hand, opcode by opcode (pickle protocol 0 is text)."""

from __future__ import annotations

import pickle
import struct
from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray

HEAD = pickle.dumps(0x1950A86A20F9469CFC6C) + pickle.dumps(1001) + pickle.dumps({"little_endian": True})


def tensor_stream(tensors: Mapping[str, NDArray[np.float32]], member: str = "model_state") -> bytes:
    """What `torch.save({member: tensors})` wrote before version 1.6, for float32 tensors."""
    state = b"(d" + b"".join(
        f"V{name}\n".encode() + _tensor(str(key), values) + b"s"
        for key, (name, values) in enumerate(tensors.items())
    )
    saved = b"(d" + f"V{member}\n".encode() + state + b"s."
    keys = pickle.dumps([str(key) for key in range(len(tensors))])
    return HEAD + saved + keys + b"".join(_storage(values) for values in tensors.values())


def _tensor(key: str, values: NDArray[np.float32]) -> bytes:
    address = f"(Vstorage\nctorch\nFloatStorage\nV{key}\nVcpu\nI{values.size}\nNtQ".encode()
    strides = tuple(step // values.itemsize for step in values.strides)
    sizes = b"".join(
        b"(" + b"".join(f"I{n}\n".encode() for n in row) + b"t" for row in (values.shape, strides)
    )
    hooks = b"I00\nccollections\nOrderedDict\n)R"
    return b"ctorch._utils\n_rebuild_tensor_v2\n(" + address + b"I0\n" + sizes + hooks + b"tR"


def _storage(values: NDArray[np.float32]) -> bytes:
    return struct.pack("<q", values.size) + values.astype("<f4").tobytes()

"""Reads the tensors of a PyTorch legacy stream without PyTorch and without running anything in it.

Before version 1.6 `torch.save` wrote five pickles (a magic number, a protocol number, facts about the
machine, the object, the list of storage keys) and then, for every key in order, a little-endian int64 count
and that many raw numbers. A pickle may name any function to call; this reader allows only an ordered
dictionary, a float32 storage and the rebuilding of a tensor, and refuses everything else before a call.
"""

from __future__ import annotations

import collections
import io
import pickle
import struct
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from shared.errors import Corrupt

_MAGIC = 0x1950A86A20F9469CFC6C
_PROTOCOL = 1001
_MOST_FLOATS = 50_000_000


@dataclass(frozen=True, slots=True)
class _Storage:
    key: str


@dataclass(frozen=True, slots=True)
class _Tensor:
    storage: _Storage
    offset: int
    shape: tuple[int, ...]
    strides: tuple[int, ...]


class _FloatStorage:
    """Represents the type that PyTorch names in a storage's address."""


def _rebuild(
    storage: _Storage, offset: int, shape: tuple[int, ...], strides: tuple[int, ...], *_: Any
) -> _Tensor:
    return _Tensor(storage, offset, shape, strides)


_ALLOWED: dict[tuple[str, str], Any] = {
    ("collections", "OrderedDict"): collections.OrderedDict,
    ("torch", "FloatStorage"): _FloatStorage,
    ("torch._utils", "_rebuild_tensor_v2"): _rebuild,
}


class _Unpickler(pickle.Unpickler):
    def find_class(self, module: str, name: str) -> Any:
        if (module, name) not in _ALLOWED:
            raise pickle.UnpicklingError(f"the stream asks for {module}.{name}")
        return _ALLOWED[module, name]

    def persistent_load(self, address: Any) -> _Storage:
        match address:
            case ("storage", kind, str(key), *_) if kind is _FloatStorage:
                return _Storage(key)
        raise pickle.UnpicklingError("the stream holds a storage that is not float32")


def read_tensors(data: bytes, member: str) -> dict[str, NDArray[np.float32]]:
    """The tensors by name in dictionary `member` of the saved object. Raises Corrupt for anything else."""
    stream = io.BytesIO(data)
    try:
        magic, protocol, _machine, saved, keys = (_Unpickler(stream).load() for _ in range(5))
        if (magic, protocol) != (_MAGIC, _PROTOCOL):
            raise ValueError("it does not begin with PyTorch's magic number")
        storages = {key: _floats(stream) for key in keys}
        return {
            name: _array(tensor, storages)
            for name, tensor in saved[member].items()
            if isinstance(tensor, _Tensor)
        }
    except (
        pickle.UnpicklingError,
        ValueError,
        KeyError,
        TypeError,
        AttributeError,
        EOFError,
        IndexError,
    ) as error:
        raise Corrupt(f"not a PyTorch stream of float32 tensors: {error}") from error
    except struct.error as error:
        raise Corrupt("the PyTorch stream is cut off") from error


def _floats(stream: io.BytesIO) -> NDArray[np.float32]:
    (count,) = struct.unpack("<q", stream.read(8))
    if not 0 <= count <= _MOST_FLOATS:
        raise ValueError(f"a storage of {count} numbers")
    return np.frombuffer(stream.read(4 * count), "<f4", count)


def _array(tensor: _Tensor, storages: dict[str, NDArray[np.float32]]) -> NDArray[np.float32]:
    shape, strides = tensor.shape, tensor.strides
    contiguous = tuple(int(np.prod(shape[axis + 1 :])) for axis in range(len(shape)))
    if strides != contiguous:
        raise ValueError("a tensor that is not contiguous")
    count = int(np.prod(shape))
    values = storages[tensor.storage.key][tensor.offset : tensor.offset + count]
    return values.reshape(shape)

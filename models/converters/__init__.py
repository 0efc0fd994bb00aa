"""Converts weights in formats of other programs to ONNX graphs. Reads bytes and never executes them.

    dlib_resnet     dlib's face recognition network (dlib's own stream)
    ge2e            the GE2E speaker encoder (a state of parameters in PyTorch's legacy stream)
    torch_stream    reader of that stream
    graph           collects nodes and constants into an ONNX file

A conversion is proved by a known answer, not by the hash of its bytes, which may change with the `onnx`
package; `revision(name)` names the conversion in the store's record, so a better one replaces older files.
"""

from __future__ import annotations

from pathlib import Path

from shared.errors import ConfigError

_REVISIONS = {"dlib-resnet": 1, "ge2e": 1}


def names() -> frozenset[str]:
    """The conversions that a manifest may name."""
    return frozenset(_REVISIONS)


def revision(name: str) -> str:
    """The conversion and its revision, e.g. "ge2e/1"."""
    return f"{name}/{_REVISIONS[name]}"


def convert(name: str, source: Path, target: Path) -> None:
    """Rewrite `source` as an ONNX file at `target`. Raises `Corrupt` for any other bytes, and
    `ConfigError` where numpy and onnx are missing."""
    try:
        from models.converters import dlib_resnet, ge2e
    except ImportError as error:
        raise ConfigError(f"converting {name} needs numpy and onnx: install proctor[edge]") from error
    to_onnx = {"dlib-resnet": dlib_resnet.to_onnx, "ge2e": ge2e.to_onnx}[name]
    target.write_bytes(to_onnx(source.read_bytes()))

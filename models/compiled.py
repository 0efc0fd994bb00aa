"""Files of networks that OpenVINO has compiled, kept beside their weights, so that they open sooner.

    <file>.<key>.compiled    a digest of the rest; the outputs' names, a line; the network by OpenVINO

The key holds the weights' own hash and everything that the result depends on, so a file of other weights, of
another version or from another processor is never read. What is damaged, cannot be read or cannot be written
counts as not there: the network is compiled as if nothing had been kept.
"""

from __future__ import annotations

import json
import os
import threading
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from glob import escape
from hashlib import sha256
from pathlib import Path
from typing import Final

END: Final = ".compiled"
MOST: Final = 3
"""Per file of weights; the oldest go: what another version made is not needed for long."""
_DIGEST_BYTES: Final = 32


@dataclass(frozen=True, slots=True)
class Compiled:
    """A compiled network."""

    outputs: tuple[str, ...]
    """Their names in the file of weights: the compiled network has others."""
    network: bytes


def kept_path(weights: Path, circumstances: Sequence[str]) -> Path:
    """Where the network of these weights is kept, compiled under these circumstances. Raises OSError."""
    key = sha256()
    for path in (weights, weights.with_suffix(".bin")):
        if path.exists():
            key.update(sha256(path.read_bytes()).digest())
    key.update(json.dumps(list(circumstances)).encode())
    return weights.with_name(f"{weights.name}.{key.hexdigest()[:32]}{END}")


def read_compiled(path: Path) -> Compiled | None:
    """What is kept there; None: nothing that can be used."""
    try:
        kept = memoryview(path.read_bytes())
    except OSError:
        return None
    digest, rest = kept[:_DIGEST_BYTES], kept[_DIGEST_BYTES:]
    if sha256(rest).digest() != digest:
        return None
    names, _, network = bytes(rest).partition(b"\n")
    try:
        outputs = json.loads(names)
    except ValueError:
        return None
    if not isinstance(outputs, list) or not all(isinstance(name, str) for name in outputs):
        return None
    return Compiled(tuple(outputs), network)


def keep_compiled(path: Path, compiled: Compiled) -> None:
    """Write it in one step and delete the oldest of these weights. Nothing is kept where that is refused."""
    rest = json.dumps(compiled.outputs).encode() + b"\n" + compiled.network
    unfinished = path.with_name(f".{path.name}.{os.getpid()}.{threading.get_ident()}")
    with suppress(OSError):
        try:
            unfinished.write_bytes(sha256(rest).digest() + rest)
            unfinished.replace(path)
        finally:
            unfinished.unlink(missing_ok=True)
        weights = path.name.removesuffix(END).rpartition(".")[0]
        kept = sorted(path.parent.glob(f"{escape(weights)}.*{END}"), key=lambda one: one.stat().st_mtime_ns)
        for old in kept[:-MOST]:
            old.unlink(missing_ok=True)

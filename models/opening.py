"""Opens a network of the store as the manifest says, on the best device that takes it."""

from __future__ import annotations

from pathlib import Path

from models.chain import BestDevice, Chain, Runtime, chain_of
from models.manifest import Entry
from models.references import stored_references
from models.runtime import Network, installed_runtimes, open_network
from models.store import Store
from shared.errors import ConfigError, Unavailable

_NETWORKS = frozenset({".onnx", ".tflite", ".xml"})


def open_entry(
    store: Store,
    entry: Entry,
    *,
    best: BestDevice = BestDevice.CPU,
    installed: frozenset[Runtime] | None = None,
    streams: int = 1,
) -> tuple[Network, ...]:
    """Its compiled networks in the order of its files: one for most, two where two are averaged.

    An entry that shares another's weights is opened as that one is. `installed`: the runtimes that may be
    used; by default all that are installed here.

    Raises Unavailable if the weights are missing or damaged, ConfigError for a network of another library or
    without an installed runtime, and the errors of `open_network`.
    """
    if flaw := store.flaw(entry):
        raise Unavailable(f"{entry.label}: {flaw}: run `proctorctl models fetch --name {entry.name}`")
    holder = store.manifest.holder(entry)
    if holder.runtime is None:
        raise ConfigError(f"{entry.label} is not a network that models.runtime can open: {holder.note}")
    usable = installed_runtimes() if installed is None else installed
    opened = []
    for path, file in zip(store.paths(entry), holder.files, strict=True):
        if path.suffix in _NETWORKS:
            made = chain_of((holder.runtime, *holder.then), path.suffix, usable, best)
            opened.append(_open(path, made, holder, streams, file.sha256))
    return tuple(opened)


def _open(path: Path, made: Chain, holder: Entry, streams: int, sha256: str) -> Network:
    if not made.rungs:
        raise ConfigError(
            f"no installed runtime reads {path.name}: install proctor[edge,cpu] or proctor[edge,gpu]"
        )
    return open_network(
        path,
        runtime=made.rungs[0],
        then=Chain(made.rungs[1:], made.refused),
        streams=streams,
        shapes=holder.input.shapes,
        span=holder.input.span,
        reference=stored_references().get(sha256),
        unread=holder.unread,
    )

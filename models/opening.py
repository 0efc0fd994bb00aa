"""Opens a network of the store as the manifest says."""

from __future__ import annotations

from models.manifest import Entry
from models.runtime import Device, Network, open_network
from models.store import Store
from shared.errors import ConfigError, Unavailable

_NETWORKS = frozenset({".onnx", ".tflite", ".xml"})


def open_entry(
    store: Store,
    entry: Entry,
    *,
    device: Device = Device.CPU,
    device_index: int = 0,
    allow_cpu_fallback: bool = False,
    streams: int = 1,
) -> tuple[Network, ...]:
    """Its compiled networks in the order of its files: one for most, two where two are averaged.

    An entry that shares another's weights is opened as that one is.

    Raises Unavailable if the weights are missing or damaged, ConfigError for a network of another library,
    and the errors of `open_network`.
    """
    if flaw := store.flaw(entry):
        raise Unavailable(f"{entry.label}: {flaw}: run `proctorctl models fetch --name {entry.name}`")
    holder = store.manifest.holder(entry)
    if holder.runtime is None:
        raise ConfigError(f"{entry.label} is not a network that models.runtime can open: {holder.note}")
    return tuple(
        open_network(
            path,
            runtime=holder.runtime,
            device=device,
            device_index=device_index,
            allow_cpu_fallback=allow_cpu_fallback,
            streams=streams,
            shapes=holder.input.shapes,
        )
        for path in store.paths(entry)
        if path.suffix in _NETWORKS
    )

"""Opens a network of the store as the manifest says: in the first of its runtimes that opens and runs it."""

from __future__ import annotations

import logging
from collections.abc import Callable
from functools import partial
from pathlib import Path

from models.manifest import Entry, Runtime
from models.runtime import Device, Network, open_network
from models.store import Store
from shared.errors import ConfigError, Corrupt, Unavailable

log = logging.getLogger(__name__)

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

    Raises Unavailable if the weights are missing or damaged, or if several runtimes failed; ConfigError for a
    network of another library; and the errors of `open_network`.
    """
    if flaw := store.flaw(entry):
        raise Unavailable(f"{entry.label}: {flaw}: run `proctorctl models fetch --name {entry.name}`")
    holder = store.manifest.holder(entry)
    if holder.runtime is None:
        raise ConfigError(f"{entry.label} is not a network that models.runtime can open: {holder.note}")
    opener = partial(
        open_network,
        device=device,
        device_index=device_index,
        allow_cpu_fallback=allow_cpu_fallback,
        streams=streams,
        shapes=holder.input.shapes,
        span=holder.input.span,
    )
    runtimes = (holder.runtime, *holder.then)
    return tuple(
        _first_that_opens(path, runtimes, opener) for path in store.paths(entry) if path.suffix in _NETWORKS
    )


def _first_that_opens(path: Path, runtimes: tuple[Runtime, ...], opener: Callable[..., Network]) -> Network:
    *before, last = runtimes
    failures = []
    for runtime in before:
        try:
            return opener(path, runtime=runtime)
        except (ConfigError, Corrupt, Unavailable) as error:
            failures.append(f"{runtime}: {error}")
            log.warning("%s is tried in another runtime; %s", path.name, failures[-1])
    try:
        return opener(path, runtime=last)
    except (ConfigError, Corrupt, Unavailable) as error:
        if not failures:
            raise
        raise Unavailable(
            f"no runtime runs {path.name}: {'; '.join([*failures, f'{last}: {error}'])}"
        ) from error

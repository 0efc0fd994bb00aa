"""Gathers what the heartbeat says of the node's machine: load, disk, clock, certificate, version."""

from __future__ import annotations

import shutil
from importlib.metadata import version
from pathlib import Path

from edge.fleet.ladder import Load, Strain
from edge.membership.files import load as load_membership
from shared.certificates import lifetime_of
from shared.errors import ConfigError
from shared.messages.heartbeats import MAX_BYTES, Measures
from shared.node_lifetimes import Lifetime


def measures_of(load: Load, clock_offset_s: float, data_folder: Path, *, joined: bool) -> Measures:
    """The measures now; reads the disk. `joined`: whether the node has a certificate."""
    lifetime = _lifetime(data_folder) if joined else None
    return Measures(
        product=version("proctor"),
        lag_p95_s=_measured(load, Strain.LAG),
        cpu=_measured(load, Strain.CPU),
        memory=_measured(load, Strain.MEMORY),
        disk_free_bytes=_free_bytes(data_folder),
        clock_offset_s=clock_offset_s,
        certificate_begins_utc=None if lifetime is None else lifetime.begins_utc,
        certificate_ends_utc=None if lifetime is None else lifetime.ends_utc,
    )


def _measured(load: Load, strain: Strain) -> float | None:
    value = load.get(strain)
    return None if value is None else max(0.0, value)  # a share of the memory is a difference of two readings


def _lifetime(data_folder: Path) -> Lifetime | None:
    try:
        return lifetime_of(load_membership(data_folder).certificate)
    except ConfigError:
        return None  # a heartbeat is worth more than the certificate's time; renewing complains


def _free_bytes(folder: Path) -> int | None:
    try:
        return min(shutil.disk_usage(folder).free, MAX_BYTES)
    except OSError:
        return None

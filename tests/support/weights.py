"""Real networks for tests: from the weights folder, or a loud skip."""

from __future__ import annotations

from functools import cache

import pytest

from edge.accuracy.selected import serving
from edge.accuracy.selection import Selection
from edge.analysis.networks import Networks, open_networks
from models.manifest import Entry, Profile, load_manifest
from models.opening import open_entry
from models.runtime import Network
from models.store import Store
from models.tasks import Task
from shared.errors import Unavailable


@cache
def store() -> Store:
    """The weights folder of this machine."""
    return Store.here()


def present(name: str) -> Entry:
    """The manifest's entry of that name; skips loudly when its weights are not there."""
    entry = load_manifest().entry(name)
    if flaw := store().flaw(entry):
        pytest.skip(f"weights of {name} are missing ({flaw}): run `proctorctl models fetch --name {name}`")
    return entry


def network(name: str, index: int = 0) -> Network:
    """One compiled network of the manifest."""
    return _opened(present(name))[index]


def networks(name: str) -> tuple[Network, ...]:
    """All compiled networks of one entry."""
    return _opened(present(name))


def all_networks(selection: Selection = Selection.OPEN) -> Networks:
    """All that a node of this machine would analyse with, opened once per process; nothing in them remembers.

    Skips loudly where faces cannot be found.
    """
    try:
        return _all_opened(selection)
    except Unavailable as error:
        pytest.skip(f"weights are missing: {error}")


@cache
def _all_opened(selection: Selection) -> Networks:
    return open_networks(serving(store(), selection))


@cache
def _opened_by_name(name: str) -> tuple[Network, ...]:
    return open_entry(store(), load_manifest().entry(name))


def _opened(entry: Entry) -> tuple[Network, ...]:
    return _opened_by_name(entry.name)


def faces_label() -> str:
    """The network with which a node of this machine finds faces, as in its metrics."""
    return store().serving(Task.FACE_DETECTION, Profile.OPEN).label


PROFILE = Profile.RESEARCH
"""Our own tests may use research weights where they are at hand."""

"""The networks of a selection: all of them together, or one of a task alone."""

from __future__ import annotations

from collections.abc import Collection, Iterator

from edge.accuracy.selection import Selection
from models.manifest import Entry, Manifest, Profile
from models.serving import Serving
from models.store import Store
from models.tasks import Task


def serving(store: Store, selection: Selection) -> Serving:
    """The networks that a node of this kind would use."""
    return Serving(_store(store, selection), _accepted(selection))


def each_alone(
    store: Store, selections: Collection[Selection], task: Task
) -> Iterator[tuple[Entry, Serving]]:
    """Every installed network of a task that one of the selections allows, best first. Each comes in a
    serving in which it is the only one of its task; the other tasks are served as in the first selection
    allowing it."""
    for entry in store.manifest.entries:
        if entry.task is not task or store.flaw(entry):
            continue
        for selection in Selection:
            reduced = _store(store, selection)
            if selection not in selections or entry not in reduced.manifest.entries:
                continue
            if not entry.allowed(_accepted(selection)):
                continue
            kept = {entry.name, reduced.manifest.holder(entry).name}
            alone = tuple(
                each for each in reduced.manifest.entries if each.task is not task or each.name in kept
            )
            yield entry, Serving(Store(store.root, Manifest(alone)), _accepted(selection))
            break


def narrowest(store: Store, entry: Entry) -> str:
    """The narrowest selection that may use a network."""
    if entry.profile is Profile.RESEARCH:
        return Selection.RESEARCH
    return Selection.REGISTRY if store.manifest.holder(entry).in_registry else Selection.OPEN


def _store(store: Store, selection: Selection) -> Store:
    if selection is not Selection.REGISTRY:
        return store
    manifest = store.manifest
    entries = tuple(entry for entry in manifest.entries if manifest.holder(entry).in_registry)
    return Store(store.root, Manifest(entries))


def _accepted(selection: Selection) -> Profile:
    """The accepted licences."""
    return Profile.RESEARCH if selection is Selection.RESEARCH else Profile.OPEN

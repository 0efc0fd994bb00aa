"""Says whether the networks of an order can serve here: known, allowed, and their weights present and
whole."""

from __future__ import annotations

from collections.abc import Mapping

from models.manifest import Entry, Profile
from models.served import KNOWN
from models.store import Store
from models.tasks import Task
from shared.errors import Rejected


def check_weights(weights: Mapping[str, str], store: Store, profile: Profile) -> None:
    """Read and hash the weights of the named networks. Raises `Rejected` (422) that says what is wrong."""
    for task, label in weights.items():
        if flaw := _flaw(task, label, store, profile):
            raise Rejected(f"{task}: {label} {flaw}", code="weights-unusable", status=422)


def _flaw(task: str, label: str, store: Store, profile: Profile) -> str:
    entry = next((one for one in store.manifest.entries if one.label == label), None)
    if entry is None or entry.name not in KNOWN:
        return "is not known to this node's program"
    return _unfit(task, entry, profile) or store.verify(entry)


def _unfit(task: str, entry: Entry, profile: Profile) -> str:
    if entry.task.value != task:
        return f"is a network for {entry.task.value}"
    if entry.task is Task.FACE_RECOGNITION:
        return "cannot be given: enrolled faces have templates of the networks that were there then"
    return "" if entry.allowed(profile) else f"is not allowed under the profile {profile.value}"

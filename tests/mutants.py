"""Deliberate errors: how many of them the tests notice. `make mutants`.

mutmut makes small errors in a copy of the repository (a comparison turned round, a reset left out, another
constant), and `tests/support/mutant_trials.py` runs the tests that reach the function against each, until one
fails. A group below names modules and their tests: only the modules in which an error accuses or loses
somebody. Which errors survive is printed, each as a difference of the source; the program ends with 1 when
fewer than `WANTED` of a group's errors were noticed.

    make mutants                             modules changed since the last commit
    make mutants BASE=v1.2                   modules changed since another commit
    make mutants MODULES=edge/rules/hold.py  these modules
    make mutants MODULES=rules               a group
    make mutants MODULES=all MINUTES=600     all of them; a later run goes on where this one stopped
    make mutants MODULES=all SAMPLE=200      at most 200 of each group, spread evenly; SEED=2 takes others

They are tried in a random order, so that those tried before the time is over are a fair sample. A later run
tries again what survived, not what was noticed: after a test was taken away or loosened, remove
`build/mutants` first. What a test's module computes while it is imported is computed without the error.

Some errors are none, and count neither way: other words for a person to read (of an error, a log line), other
capitals in SQL or in the name of an encoding, a byte order that is the default, whether the very edge of a
tolerance is within it, and the proof that two lists are equally long; `_as_read` says which.
`tests/data/errors_that_change_nothing.txt` lists others, each with the reason.
"""

from __future__ import annotations

import argparse
import json
import os
import re
import shutil
import subprocess
import sys
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Final

from tests.support.mutant_trials import ENDLESS, NO_TEST, NOT_TRIED, NOTICED, SURVIVED, Task, Trial

ROOT: Final = Path(__file__).parents[1]
WANTED: Final = 0.90
CHANGING_NOTHING: Final = ROOT / "tests" / "data" / "errors_that_change_nothing.txt"


@dataclass(frozen=True, slots=True)
class Group:
    """Modules that the same tests hold."""

    name: str
    modules: tuple[str, ...]
    tests: tuple[str, ...]


GROUPS: Final = (
    Group("rules", ("edge/rules/*.py",), ("tests/unit/edge/rules",)),
    Group(
        "sessions",
        ("edge/sessions/*.py",),
        ("tests/unit/edge/sessions", "tests/component/edge/sessions", "tests/component/edge/fleet"),
    ),
    Group(
        "exam-sessions",
        ("coordinator/sessions/*.py", "coordinator/sessions/*/*.py"),
        (
            "tests/unit/coordinator/test_absence.py",
            "tests/unit/coordinator/test_binding.py",
            "tests/unit/coordinator/test_cards.py",
            "tests/unit/coordinator/test_join_failures.py",
            "tests/unit/coordinator/test_moving.py",
            "tests/unit/coordinator/test_notice.py",
            "tests/unit/coordinator/test_session_cursor.py",
            "tests/unit/coordinator/test_session_expiry.py",
            "tests/unit/coordinator/test_terms.py",
            "tests/unit/coordinator/test_trouble.py",
            "tests/unit/coordinator/test_unwatched_runs.py",
            "tests/component/coordinator/test_absences.py",
            "tests/component/coordinator/test_agreement.py",
            "tests/component/coordinator/test_devices.py",
            "tests/component/coordinator/test_feature_log.py",
            "tests/component/coordinator/test_lasting_alerts.py",
            "tests/component/coordinator/test_left_open.py",
            "tests/component/coordinator/test_listed_sessions.py",
            "tests/component/coordinator/test_moves.py",
            "tests/component/coordinator/test_node_trouble.py",
            "tests/component/coordinator/test_pages_seen.py",
            "tests/component/coordinator/test_rounds.py",
            "tests/component/coordinator/test_running_sessions.py",
            "tests/component/coordinator/test_said_by.py",
            "tests/component/coordinator/test_session_answers.py",
            "tests/component/coordinator/test_session_api.py",
            "tests/component/coordinator/test_session_changes.py",
            "tests/component/coordinator/test_session_ends.py",
            "tests/component/coordinator/test_session_list.py",
            "tests/component/coordinator/test_session_orders.py",
            "tests/component/coordinator/test_session_resume.py",
            "tests/component/coordinator/test_session_rounds.py",
            "tests/component/coordinator/test_session_starts.py",
            "tests/component/coordinator/test_session_tokens.py",
            "tests/component/coordinator/test_session_writes.py",
            "tests/component/coordinator/test_speech_withdrawn.py",
            "tests/component/coordinator/test_start_session.py",
            "tests/component/coordinator/test_token_api.py",
            "tests/component/coordinator/test_unwatched.py",
            "tests/component/coordinator/test_verify_frame.py",
        ),
    ),
    Group(
        "fleet",
        ("edge/fleet/*.py",),
        (
            "tests/unit/edge/fleet",
            "tests/component/edge/fleet",
            "tests/component/edge/sessions/test_feature_log.py",
        ),
    ),
    Group(
        "incidents",
        ("coordinator/incidents/*.py", "coordinator/alerts/*.py"),
        (
            "tests/unit/coordinator/incidents",
            "tests/component/coordinator/test_alert_api.py",
            "tests/component/coordinator/test_alert_pages.py",
            "tests/component/coordinator/test_alert_store.py",
            "tests/component/coordinator/test_alerts_of_two_nodes.py",
            "tests/component/coordinator/test_incident_circumstances.py",
            "tests/component/coordinator/test_incidents.py",
            "tests/component/coordinator/test_lasting_alerts.py",
            "tests/component/coordinator/test_listed_sessions.py",
            "tests/component/coordinator/test_outcomes.py",
            "tests/component/coordinator/test_unseen_alerts.py",
        ),
    ),
    Group("outbound", ("edge/outbound/*.py",), ("tests/unit/edge/outbound", "tests/component/edge/outbound")),
    Group(
        "intake",
        ("coordinator/arriving/*.py",),
        (
            "tests/unit/coordinator/test_put_off.py",
            "tests/unit/coordinator/test_assigned.py",
            "tests/component/coordinator/test_arriving_alone.py",
            "tests/component/coordinator/test_alert_store.py",
            "tests/component/coordinator/test_ingest.py",
            "tests/component/coordinator/test_assignments.py",
            "tests/component/coordinator/test_alerts_of_two_nodes.py",
            "tests/component/coordinator/test_evidence.py",
            "tests/component/coordinator/test_parked_messages.py",
        ),
    ),
    Group(
        "tokens",
        ("coordinator/tokens/*.py",),
        (
            "tests/unit/coordinator/test_token_validity.py",
            "tests/component/coordinator/test_token_service.py",
            "tests/component/coordinator/test_token_api.py",
            "tests/component/coordinator/test_session_tokens.py",
            "tests/component/coordinator/test_given_back.py",
            "tests/component/coordinator/test_tenant_api.py",
        ),
    ),
    Group(
        "oidc",
        ("coordinator/oidc/*.py",),
        (
            "tests/unit/coordinator/test_oidc_claims.py",
            "tests/unit/coordinator/test_oidc_keys.py",
            "tests/component/coordinator/test_oidc.py",
        ),
    ),
    Group(
        "consents",
        ("coordinator/consents/*.py",),
        (
            "tests/unit/coordinator/test_consent_words.py",
            "tests/component/coordinator/test_consent_store.py",
            "tests/component/coordinator/test_consent_api.py",
            "tests/component/coordinator/test_agreement.py",
            "tests/component/coordinator/test_speech_withdrawn.py",
            "tests/component/coordinator/test_scrub.py",
        ),
    ),
    Group("sealing", ("shared/sealing.py",), ("tests/unit/shared/test_sealing.py",)),
)

_SETTINGS: Final = """
[tool.mutmut]
source_paths = ["cli", "coordinator", "edge", "models", "shared"]
do_not_mutate_patterns = ['log\\.\\w+\\(', 'raise (Corrupt|ConfigError|Unavailable|_unmapped)']
"""
"""The words of log lines and of errors without a code are no promise."""

_SAYS_NOTHING: Final = (
    (r'(raise \w+\()(f?"[^"]* [^"]*"|None)', r"\1words"),
    (r'"(?i:ascii|utf-8)"', "encoding"),
    (r", (strict=\w+)?\)", ")"),
    (r'(to_bytes\(\w+|from_bytes\([^()]+), ("big")?\)', r"\1)"),
)

_ABOUT_THE_SOURCE: Final = frozenset({"tests/unit/edge/rules/test_imports.py"})
"""Tests of what the source imports: they would see mutmut's own imports."""


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the groups that hold a wanted module; the exit code."""
    parser = argparse.ArgumentParser(prog="tests.mutants")
    parser.add_argument("modules", nargs="*", help="files, groups or `all`; none: those changed since --base")
    parser.add_argument("--base", default="HEAD~1")
    parser.add_argument("--minutes", type=float, default=30.0, help="bound for each group")
    parser.add_argument("--seconds-each", type=float, default=120.0, help="bound for the tests of an error")
    parser.add_argument("--sample", type=int, default=0, help="errors of each group; 0: all")
    parser.add_argument("--seed", type=int, default=1, help="which errors a sample takes, and their order")
    parser.add_argument("--at-once", type=int, default=os.cpu_count() or 1, help="processes")
    asked = parser.parse_args(arguments)
    wanted = {*(asked.modules or _changed_since(asked.base))}
    shares: list[float] = []
    for group in GROUPS:
        modules = [
            module
            for pattern in group.modules
            for module in sorted(str(path.relative_to(ROOT)) for path in ROOT.glob(pattern))
            if wanted & {"all", group.name, module}
        ]
        if modules:
            shares.append(_judged(group, modules, asked))
    if not shares:
        _say("no module of a group has changed; name some, or `all`")
    return 0 if all(share >= WANTED for share in shares) else 1


def _say(text: str) -> None:
    sys.stdout.write(f"{text}\n")
    sys.stdout.flush()


def _changed_since(base: str) -> list[str]:
    command = ["git", "diff", "--name-only", base, "--"]
    return subprocess.run(command, cwd=ROOT, check=True, text=True, capture_output=True).stdout.split()


def _judged(group: Group, modules: Sequence[str], asked: argparse.Namespace) -> float:
    """The share of noticed errors among those decided within the time."""
    _say(f"{group.name}: {len(modules)} modules, at most {asked.minutes:.0f} min")
    folder = ROOT / "build" / "mutants"
    kept = folder / f"{group.name}-kept"
    kept.mkdir(parents=True, exist_ok=True)
    known = kept / "noticed.txt"
    task = Task(
        modules=tuple(modules),
        tests=tuple(name for name in group.tests if (ROOT / name).exists()),
        ignored=tuple(_ABOUT_THE_SOURCE),
        kept=str(kept),
        known=tuple(known.read_text("utf-8").split()) if known.exists() else (),
        seconds=asked.minutes * 60,
        seconds_each=asked.seconds_each,
        sample=asked.sample,
        seed=asked.seed,
        at_once=asked.at_once,
    )
    trials: list[Trial] = []
    _copy(folder / group.name)
    with known.open("a", encoding="utf-8") as noted:
        for trial in _tried(folder / group.name, task):
            trials.append(trial)
            if trial.status in (NOTICED, ENDLESS) and trial.key not in task.known:
                noted.write(f"{trial.key}\n")
                noted.flush()
    return _told(group, trials)


def _told(group: Group, trials: Sequence[Trial]) -> float:
    """The share of noticed errors; prints it, and the survivors."""
    if not trials:
        return 0.0
    excused = _excused()
    counts = Counter(trial.status for trial in trials)
    _say("  " + ", ".join(f"{status} {count}" for status, count in counts.most_common()))
    left = [trial for trial in trials if trial.status in (SURVIVED, NO_TEST)]
    real = [each for each in left if not _is_none(each.difference) and _as_listed(each) not in excused]
    for trial in sorted(real, key=lambda each: each.name):
        _say(f"{trial.name}: {trial.status}\n{trial.difference}\n")
    noticed = counts[NOTICED] + counts[ENDLESS]
    decided = noticed + len(real)
    share = noticed / decided if decided else 1.0
    nothing = len(left) - len(real)
    _say(
        f"{group.name}: {noticed} of {decided} noticed, {share:.1%}; "
        f"{nothing} change nothing, {counts[NOT_TRIED]} not tried"
    )
    return share


def _excused() -> frozenset[str]:
    """The errors that are listed as changing nothing, each as `_as_listed`."""
    blocks = re.sub(r"^#.*\n", "", CHANGING_NOTHING.read_text("utf-8"), flags=re.MULTILINE).split("\n\n")
    return frozenset(block.strip() for block in blocks)


def _as_listed(trial: Trial) -> str:
    """The module and function, and the changed lines without their indentation."""
    module, function = trial.difference[4:].partition("\n")[0], trial.name.rpartition(".")[2]
    path = function.partition("__mutmut_")[0].removeprefix("x").removeprefix("_").strip("ǁ").replace("ǁ", ".")
    changed = (f"{line[0]} {line[1:].strip()}" for line in _changed(trial.difference))
    return "\n".join([f"{module} {path}", *changed])


def _changed(difference: str) -> list[str]:
    return [line for line in difference.splitlines()[2:] if line[:1] in ("-", "+")]


def _is_none(difference: str) -> bool:
    """Whether the program does the same with and without this error."""
    lines = _changed(difference)
    before = [_as_read(line[1:]) for line in lines if line.startswith("-")]
    return bool(before) and before == [_as_read(line[1:]) for line in lines if line.startswith("+")]


def _as_read(line: str) -> str:
    """A line of the source without what changes nothing."""
    if "EPSILON_S" in line:
        return line.replace("<=", "<").replace(">=", ">")
    if re.search(r"execute(many)?\(", line) or re.match(r'\s*f?"', line):
        return line.lower()
    for pattern, instead in _SAYS_NOTHING:
        line = re.sub(pattern, instead, line)
    return line


def _copy(folder: Path) -> None:
    """The repository's files as they are now."""
    shutil.rmtree(folder, ignore_errors=True)
    command = ["git", "ls-files", "--cached", "--others", "--exclude-standard", "-z"]
    listed = subprocess.run(command, cwd=ROOT, check=True, text=True, capture_output=True).stdout
    for name in listed.split("\0"):
        source, target = ROOT / name, folder / name
        if name and source.is_file():
            target.parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(source, target)
    with (folder / "pyproject.toml").open("a", encoding="utf-8") as settings:
        settings.write(_SETTINGS)


def _tried(folder: Path, task: Task) -> Iterator[Trial]:
    """What becomes of each error, as soon as it is known."""
    command = [sys.executable, "-m", "tests.support.mutant_trials"]
    environment = {**os.environ, "PYTHONPATH": str(folder)}
    with (folder / "task.json").open("w+", encoding="utf-8") as asks:
        json.dump(asdict(task), asks)
        asks.seek(0)
        with subprocess.Popen(
            command, cwd=folder, text=True, stdin=asks, stdout=subprocess.PIPE, env=environment
        ) as running:
            assert running.stdout is not None
            for line in running.stdout:
                yield Trial(**json.loads(line))
        if running.returncode:
            _say(f"the trials ended with {running.returncode}")


if __name__ == "__main__":
    sys.exit(main())

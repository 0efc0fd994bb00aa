"""Deliberate errors: how many of them the tests notice. `make mutants`.

mutmut makes small errors in a copy of the repository (a comparison turned round, a reset left out, another
constant) and runs the tests of the module against each. A group below names modules and their tests: only the
modules in which an error accuses or loses somebody. Which errors survive is printed, each as a difference of
the source; the program ends with 1 when fewer than `WANTED` of them were noticed.

    make mutants                             modules changed since the last commit
    make mutants BASE=v1.2                   modules changed since another commit
    make mutants MODULES=edge/rules/hold.py  these modules
    make mutants MODULES=all MINUTES=600     all of them; a later run goes on where this one stopped
    make mutants MODULES=all SAMPLE=200      at most 200 of each group, spread evenly; SEED=2 takes others

A later run tries again what survived, not what was noticed: after a test was taken away or loosened, remove
`build/mutants` first. What a test's module computes while it is imported is computed without the error.
"""

from __future__ import annotations

import argparse
import itertools
import os
import random
import re
import shutil
import signal
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from fnmatch import fnmatch
from pathlib import Path
from typing import Final

ROOT: Final = Path(__file__).parents[1]
WANTED: Final = 0.90
SHOWN: Final = 40
"""Survivors of a group that are shown whole; the rest are only named."""

_RESULT: Final = re.compile(r"^\s*(\S+__mutmut_\d+): (.+)$", re.MULTILINE)
_NONE: Final = "none"
"""The name of no error: mutmut prepares everything, and ends."""
_NOTICED: Final = frozenset({"killed", "timeout", "segfault", "caught by type check"})
_UNDECIDED: Final = frozenset({"not checked", "skipped", "suspicious", "check was interrupted by user"})


@dataclass(frozen=True, slots=True)
class Group:
    """Modules that the same tests hold."""

    name: str
    modules: str
    tests: tuple[str, ...]


GROUPS: Final = (
    Group("rules", "edge/rules/*.py", ("tests/unit/edge/rules",)),
    Group(
        "sessions",
        "edge/sessions/*.py",
        ("tests/unit/edge/sessions", "tests/component/edge/sessions", "tests/component/edge/fleet"),
    ),
    Group("outbound", "edge/outbound/*.py", ("tests/unit/edge/outbound", "tests/component/edge/outbound")),
    Group(
        "intake",
        "coordinator/arriving/*.py",
        (
            "tests/unit/coordinator/test_put_off.py",
            "tests/unit/coordinator/test_assigned.py",
            "tests/component/coordinator/test_alert_store.py",
            "tests/component/coordinator/test_ingest.py",
            "tests/component/coordinator/test_assignments.py",
            "tests/component/coordinator/test_alerts_of_two_nodes.py",
        ),
    ),
    Group(
        "tokens",
        "coordinator/tokens/*.py",
        (
            "tests/unit/coordinator/test_token_validity.py",
            "tests/component/coordinator/test_token_api.py",
            "tests/component/coordinator/test_session_tokens.py",
        ),
    ),
    Group(
        "oidc",
        "coordinator/oidc/*.py",
        (
            "tests/unit/coordinator/test_oidc_claims.py",
            "tests/unit/coordinator/test_oidc_keys.py",
            "tests/component/coordinator/test_oidc.py",
        ),
    ),
    Group(
        "consents",
        "coordinator/consents/*.py",
        (
            "tests/unit/coordinator/test_consent_words.py",
            "tests/component/coordinator/test_consent_api.py",
            "tests/component/coordinator/test_agreement.py",
        ),
    ),
    Group("sealing", "shared/sealing.py", ("tests/unit/shared/test_sealing.py",)),
)

_SETTINGS: Final = """
[tool.mutmut]
source_paths = ["cli", "coordinator", "edge", "models", "shared"]
only_mutate = {modules}
also_copy = ["LICENSE", "Makefile", "README.md", "docs", "requirements"]
track_dependencies = false
process_isolation = "forkserver"
do_not_mutate_patterns = ['log\\.\\w+\\(', 'raise (Corrupt|ConfigError|Unavailable)']
pytest_add_cli_args = ["-p", "no:cacheprovider", "-p", "no:xdist", "-o", "xfail_strict=true"]
pytest_add_cli_args_test_selection = {tests}
"""
"""The words of log lines and of errors without a code are no promise."""

_ABOUT_THE_SOURCE: Final = frozenset({"tests/unit/edge/rules/test_imports.py"})
"""Tests of what the source imports: they would see mutmut's own imports."""


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the groups that hold a wanted module; the exit code."""
    parser = argparse.ArgumentParser(prog="tests.mutants")
    parser.add_argument("modules", nargs="*", help="files, or `all`; none: those changed since --base")
    parser.add_argument("--base", default="HEAD~1")
    parser.add_argument("--minutes", type=float, default=30.0, help="bound for each group")
    parser.add_argument("--sample", type=int, default=0, help="errors of each group; 0: all")
    parser.add_argument("--seed", type=int, default=1, help="which errors a sample takes")
    parser.add_argument("--at-once", type=int, default=os.cpu_count() or 1, help="processes")
    asked = parser.parse_args(arguments)
    wanted = asked.modules or _changed_since(asked.base)
    shares: list[float] = []
    for group in GROUPS:
        modules = sorted(
            str(path.relative_to(ROOT))
            for path in ROOT.glob(group.modules)
            if wanted == ["all"] or str(path.relative_to(ROOT)) in wanted
        )
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
    folder = _copied(group)
    patterns = [f"{module.removesuffix('.py').replace('/', '.')}.*" for module in modules]
    _say(f"{group.name}: {len(modules)} modules, at most {asked.minutes:.0f} min")
    ends_s = time.monotonic() + asked.minutes * 60
    _run(folder, ["run", _NONE], asked.minutes * 60)  # makes the errors, and learns which test reaches what
    chosen = _sample(sorted(_results(folder, patterns)), asked.sample, asked.seed)
    open_ones = [name for name, status in _results(folder, chosen).items() if status not in _NOTICED]
    if open_ones:
        _run(folder, ["run", f"--max-children={asked.at_once}", *open_ones], ends_s - time.monotonic())
    results = _results(folder, chosen)
    counts = Counter(results.values())
    decided = sum(count for status, count in counts.items() if status not in _UNDECIDED)
    noticed = sum(count for status, count in counts.items() if status in _NOTICED)
    _say("  " + ", ".join(f"{status} {count}" for status, count in counts.most_common()))
    survivors = [name for name, status in results.items() if status not in _NOTICED | _UNDECIDED]
    for place, name in enumerate(survivors):
        _say(_run(folder, ["show", name], 60) if place < SHOWN else name)
    share = noticed / decided if decided else 0.0
    _say(f"{group.name}: {noticed} of {decided} noticed, {share:.1%}; {len(results) - decided} not tried")
    return share


def _results(folder: Path, patterns: Sequence[str]) -> dict[str, str]:
    """What is known of each error that a pattern or name matches."""
    named, wild = frozenset(patterns), [each for each in patterns if "*" in each]
    return {
        name: status
        for name, status in _RESULT.findall(_run(folder, ["results", "--all", "true"], 120))
        if name in named or any(fnmatch(name, each) for each in wild)
    }


def _sample(names: Sequence[str], size: int, seed: int) -> list[str]:
    """One name out of each of `size` equal stretches."""
    if not 0 < size < len(names):
        return list(names)
    ends = [place * len(names) // size for place in range(size + 1)]
    chance = random.Random(seed)
    return [names[chance.randrange(first, last)] for first, last in itertools.pairwise(ends)]


def _copied(group: Group) -> Path:
    """The repository's files in a folder of the group; an unchanged file keeps its time, so work is kept."""
    folder = ROOT / "build" / "mutants" / group.name
    command = ["git", "ls-files", "--cached", "--others", "--exclude-standard"]
    for name in subprocess.run(command, cwd=ROOT, check=True, text=True, capture_output=True).stdout.split(
        "\n"
    ):
        source, target = ROOT / name, folder / name
        if not name or not source.is_file() or name == "pyproject.toml":
            continue
        if target.exists() and target.stat().st_mtime_ns == source.stat().st_mtime_ns:
            continue
        target.parent.mkdir(parents=True, exist_ok=True)
        shutil.copy2(source, target)
    tests = [name for name in group.tests if (ROOT / name).exists()]
    settings = _SETTINGS.format(
        modules=[group.modules],
        tests=[*tests, "-m", "not postgres", *(f"--ignore={n}" for n in _ABOUT_THE_SOURCE)],
    )
    (folder / "pyproject.toml").write_text((ROOT / "pyproject.toml").read_text("utf-8") + settings, "utf-8")
    return folder


def _run(folder: Path, arguments: Sequence[str], seconds: float) -> str:
    """What mutmut printed. It is stopped with all its children when the time is over."""
    program = [str(Path(sys.executable).with_name("mutmut")), *arguments]
    with subprocess.Popen(
        program,
        cwd=folder,
        text=True,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        start_new_session=True,
    ) as running:
        try:
            printed, _ = running.communicate(timeout=seconds)
        except subprocess.TimeoutExpired:
            os.killpg(running.pid, signal.SIGINT)
            try:
                printed, _ = running.communicate(timeout=30)
            except subprocess.TimeoutExpired:
                os.killpg(running.pid, signal.SIGKILL)
                printed, _ = running.communicate()
            return printed
    if running.returncode and arguments[0] == "run" and _NONE not in arguments:
        _say(printed[-4000:])
    return printed


if __name__ == "__main__":
    sys.exit(main())

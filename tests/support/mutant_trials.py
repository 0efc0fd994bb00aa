"""Tries deliberate errors one by one, each in a fork of a process in which all tests are collected already.

`tests/mutants.py` starts it in a copy of the repository, with a `Task` as JSON on standard input. It writes
one line of JSON to standard output for each error that it has tried, a `Trial`.

First it makes the errors of the modules, and runs every test once without any: so it knows which functions
a test reaches, and how long it takes. An error is tried by the tests that reach its function, the most
promising first, until one fails. Only its fork has it, so no error disturbs the next.
"""

from __future__ import annotations

import json
import os
import random
import re
import resource
import shutil
import signal
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from difflib import unified_diff
from functools import partial
from hashlib import sha256
from itertools import accumulate, pairwise
from pathlib import Path
from types import CodeType, FrameType, FunctionType
from typing import Final

import pytest
from mutmut.mutation import trampoline
from mutmut.mutation.file_mutation import MutatedFile, mutate_file_contents

NO_TEST: Final = "no test"
NOT_TRIED: Final = "not tried"
NOTICED: Final = "noticed"
SURVIVED: Final = "survived"
ENDLESS: Final = "endless"
"""The program did not come to an end with the error, which a test run notices."""
ROOM_BYTES: Final = 6 << 30
"""What a fork may take in addition: an endless list ends with a MemoryError."""
UNIT: Final = "tests/unit/"
"""Tests that wait for nothing: how long they take is measured in seconds of the processor."""
QUICK_S: Final = 0.05
FAILED: Final = 1
ANSWERS: Final = 9
"""The descriptor that trials are written to; what tests print goes elsewhere."""
_MARK: Final = re.compile(r"\s*# type: ignore # mutmut generated$", re.MULTILINE)


@dataclass(frozen=True, slots=True)
class Task:
    """What to try."""

    modules: tuple[str, ...]
    tests: tuple[str, ...]
    ignored: tuple[str, ...]
    """Test files that are left out."""
    kept: str
    """Folder of what later runs use again."""
    known: tuple[str, ...]
    """Keys of errors that were noticed before."""
    seconds: float
    seconds_each: float
    """The most seconds of tests for one error."""
    sample: int
    seed: int
    at_once: int


@dataclass(frozen=True, slots=True)
class Trial:
    """One error and what became of it."""

    name: str
    key: str
    status: str
    difference: str


@dataclass(frozen=True, slots=True)
class Error:
    """One deliberate error."""

    name: str
    function: str
    """The name under which the tests' reach is noted."""
    difference: str
    key: str
    """Changes when the function does."""


@dataclass(slots=True)
class Reach:
    """Which tests reach which function, and how many seconds each test takes."""

    tests: dict[str, list[str]] = field(default_factory=dict)
    seconds: dict[str, float] = field(default_factory=dict)
    states: dict[str, str] = field(default_factory=dict)
    """By test file: changes when the file does, or a module with errors."""

    def forget(self, file: str) -> None:
        """Forget a file's tests."""
        for tests in self.tests.values():
            tests[:] = [test for test in tests if not test.startswith(f"{file}::")]

    def add(self, taken: Mapping[str, tuple[float, Sequence[str]]]) -> None:
        """Add tests: the seconds of each, and the functions that it reaches."""
        for test, (seconds, functions) in taken.items():
            self.seconds[test] = seconds
            for function in functions:
                self.tests.setdefault(function, []).append(test)


def errors(module: str, made: MutatedFile) -> Iterator[Error]:
    """The errors in a module."""
    lines = made.code.splitlines()

    def text(name: str) -> str:
        span = made.line_span_by_function_name[name]
        plain = _MARK.sub("", "\n".join(lines[span.start - 1 : span.end]))
        return plain.replace(name, name.rpartition("ǁ")[2].partition("__mutmut_")[0].removeprefix("x_"))

    dotted = module.removesuffix(".py").replace("/", ".").removesuffix(".__init__")
    for name in made.mutant_names:
        short = name.partition("__mutmut_")[0]
        before, after = text(f"{short}__mutmut_orig"), text(name)
        difference = unified_diff(before.split("\n"), after.split("\n"), module, module, lineterm="", n=1)
        key = sha256("\0".join((dotted, short, before, after)).encode()).hexdigest()[:16]
        yield Error(f"{dotted}.{name}", f"{dotted}.{short}", "\n".join(difference), key)


def sampled(found: Sequence[Error], size: int, seed: int) -> list[Error]:
    """One error out of each of `size` equal stretches."""
    if not 0 < size < len(found):
        return list(found)
    ends = [place * len(found) // size for place in range(size + 1)]
    chance = random.Random(seed)
    return [found[chance.randrange(first, last)] for first, last in pairwise(ends)]


class Places:
    """Where errors can be put: every function that has some, as the modules are imported."""

    def __init__(self) -> None:
        self._made: list[tuple[FunctionType, dict[str, FunctionType]]] = []

    def marking(self, others: dict[str, FunctionType], **_: bool) -> Callable[[FunctionType], FunctionType]:
        """mutmut's decorator of a function, which would choose among `others` at every call."""

        def mark(function: FunctionType) -> FunctionType:
            self._made.append((function, others))
            return function

        return mark

    def names(self) -> dict[CodeType, str]:
        """The functions that have errors."""
        return {function.__code__: name for name, (function, _) in self._found().items()}

    def put(self, error: Error) -> None:
        """Make the error, in this process, for good."""
        function, others = self._found()[error.function]
        other = others[error.name.rpartition(".")[2]]
        other = getattr(other, "__func__", other)
        function.__code__ = other.__code__
        function.__defaults__, function.__kwdefaults__ = other.__defaults__, other.__kwdefaults__

    def _found(self) -> dict[str, tuple[FunctionType, dict[str, FunctionType]]]:
        names = (others["_mutmut_orig"].__name__.partition("__mutmut_")[0] for _, others in self._made)
        return {f"{made[0].__module__}.{name}": made for made, name in zip(self._made, names, strict=True)}


class Trials:
    """The loop of a pytest session: not each test once, but each error."""

    def __init__(self, task: Task, wanted: Sequence[Error], places: Places) -> None:
        self._task = task
        self._places = places
        self._wanted = list(wanted)
        self._running: dict[int, tuple[Error, float, str]] = {}
        self._items: dict[str, pytest.Item] = {}
        self._failed: set[str] | None = None
        """Tests that failed without any error; None: an error is tried."""

    @pytest.hookimpl(tryfirst=True)
    def pytest_runtestloop(self, session: pytest.Session) -> bool:
        ends_s = time.monotonic() + self._task.seconds
        self._items = {item.nodeid: item for item in session.items}
        reach = self._reached()
        _say(f"{len(self._items)} tests take {sum(reach.seconds.values()):.0f} s; {len(self._wanted)} errors")
        for error in self._wanted:
            tests = [each for each in reach.tests.get(error.function, []) if each in self._items]
            if time.monotonic() > ends_s:
                _tell(error, NOT_TRIED)
            elif not tests:
                _tell(error, NO_TEST)
            else:
                while len(self._running) >= self._task.at_once:
                    self._wait()
                self._begin(error, _in_turn(error, tests, reach, self._task.seconds_each), reach)
        while self._running:
            self._wait()
        return True

    def _reached(self) -> Reach:
        """What each test reaches; tests that are new or changed run once without an error."""
        kept = Path(self._task.kept) / "reach.json"
        reach = Reach(**json.loads(kept.read_text("utf-8"))) if kept.exists() else Reach()
        states = self._states()
        new = [file for file, now in states.items() if reach.states.get(file) != now]
        running: dict[int, str] = {}
        with tempfile.TemporaryDirectory() as answers:
            while new or running:
                while new and len(running) < self._task.at_once:
                    items = [item for item in self._items.values() if _file(item) == new[0]]
                    into = Path(answers, str(len(new)))
                    pid = _fork(partial(self._note_reach, items, into), silent=False)
                    running[pid] = new.pop(0)
                pid, status = os.waitpid(-1, 0)
                _end_group(pid)
                file = running.pop(pid)
                if status:
                    raise pytest.UsageError(f"the tests of {file} cannot be run")
                reach.forget(file)
                reach.states[file] = states[file]
            for answer in Path(answers).iterdir():
                reach.add(json.loads(answer.read_text("utf-8")))
        kept.write_text(json.dumps(asdict(reach)), "utf-8")
        return reach

    def _states(self) -> dict[str, str]:
        """By test file: what its tests and the modules with errors are now."""
        modules = sha256(repr(sorted(self._places.names().values())).encode())
        for module in self._task.modules:
            modules.update(Path(module).read_bytes())
        files = dict.fromkeys(_file(item) for item in self._items.values())
        before = modules.hexdigest()
        return {file: sha256(before.encode() + Path(file).read_bytes()).hexdigest()[:16] for file in files}

    def _note_reach(self, items: Sequence[pytest.Item], answer: Path) -> None:
        names, reached, taken = self._places.names(), set[str](), {}
        self._failed = set()

        def note(frame: FrameType, _: str, __: object) -> None:
            name = names.get(frame.f_code)
            if name is not None:
                reached.add(name)

        sys.settrace(note)
        threading.settrace(note)
        for item, following in pairwise([*items, None]):
            assert item is not None
            reached.clear()
            clock = time.process_time if item.nodeid.startswith(UNIT) else time.monotonic
            began_s = clock()
            item.config.hook.pytest_runtest_protocol(item=item, nextitem=following)
            if item.nodeid not in self._failed:
                taken[item.nodeid] = (clock() - began_s, sorted(reached))
        answer.write_text(json.dumps(taken), "utf-8")

    def _begin(self, error: Error, tests: Sequence[str], reach: Reach) -> None:
        seconds = sum(reach.seconds[each] for each in tests)
        room = tempfile.mkdtemp(prefix="mutant-")

        def run() -> None:
            self._places.put(error)
            os.environ["PYTEST_DEBUG_TEMPROOT"] = room
            limit_s = int(time.process_time() + 10 + 5 * seconds)
            resource.setrlimit(resource.RLIMIT_CPU, (limit_s, limit_s + 1))
            for now, following in pairwise([*tests, ""]):
                item = self._items[now]
                item.config.hook.pytest_runtest_protocol(item=item, nextitem=self._items.get(following))

        pid = _fork(run, silent=True)
        self._running[pid] = (error, time.monotonic() + 20 + 6 * seconds, room)

    def _wait(self) -> None:
        """Until at least one fork is over."""
        while True:
            over = [pid for pid in self._running if self._over(pid)]
            for pid in over:
                del self._running[pid]
            if over:
                return
            time.sleep(0.005)

    def _over(self, pid: int) -> bool:
        error, until_s, room = self._running[pid]
        ended, status = os.waitpid(pid, os.WNOHANG)
        late = not ended and time.monotonic() > until_s
        if not ended and not late:
            return False
        _end_group(pid)
        if late:
            _, status = os.waitpid(pid, 0)
        shutil.rmtree(room, ignore_errors=True)
        code = os.waitstatus_to_exitcode(status)
        words = {0: SURVIVED, -signal.SIGXCPU: ENDLESS, -signal.SIGKILL: ENDLESS}
        _tell(error, ENDLESS if late else words.get(code, NOTICED))
        return True

    @pytest.hookimpl(tryfirst=True)
    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        if report.failed and self._failed is None:
            os._exit(FAILED)
        if report.failed and self._failed is not None:
            _say(f"left out, as it fails without any error: {report.nodeid}\n{report.longreprtext[-2000:]}")
            self._failed.add(report.nodeid)


def _in_turn(error: Error, tests: Sequence[str], reach: Reach, bound_s: float) -> list[str]:
    """The most promising tests first, until all together take `bound_s`; at least one.

    The quick ones come first, and of those the ones named like the error's module. Component tests of a
    module stay together, because they share what is slow to start.
    """
    name = error.function.rpartition(".")[0].rpartition(".")[2]
    quickest: dict[str, float] = {}
    for each in tests:
        module = _together(each)
        quickest[module] = min(reach.seconds[each], quickest.get(module, reach.seconds[each]))

    def turn(each: str) -> tuple[bool, bool, float, str, float]:
        module = _together(each)
        another = name not in each.partition("::")[0]
        return quickest[module] > QUICK_S, another, quickest[module], module, reach.seconds[each]

    in_turn = sorted(tests, key=turn)
    sums = accumulate(reach.seconds[each] for each in in_turn)
    return [each for each, sum_s in zip(in_turn, sums, strict=True) if sum_s <= bound_s] or in_turn[:1]


def _together(test: str) -> str:
    return test if test.startswith(UNIT) else test.partition("::")[0]


def _file(item: pytest.Item) -> str:
    return item.nodeid.partition("::")[0]


def _say(text: str) -> None:
    sys.stderr.write(f"{text}\n")
    sys.stderr.flush()


def _fork(run: Callable[[], None], *, silent: bool) -> int:
    pid = os.fork()
    if pid:
        return pid
    code = FAILED
    try:
        os.setsid()
        nothing = os.open(os.devnull, os.O_RDWR)
        os.dup2(nothing, 1)
        if silent:
            os.dup2(nothing, 2)
        _bound_room()
        run()
        code = 0
    finally:
        os._exit(code)


def _bound_room() -> None:
    taken = int(Path("/proc/self/statm").read_text("ascii").split()[0]) * resource.getpagesize()
    limit = taken + ROOM_BYTES
    resource.setrlimit(resource.RLIMIT_AS, (limit, limit))


def _end_group(pid: int) -> None:
    """End a fork and what it has started."""
    try:
        os.killpg(pid, signal.SIGKILL)
    except ProcessLookupError:
        return


def _tell(error: Error, status: str) -> None:
    trial = Trial(error.name, error.key, status, error.difference)
    os.write(ANSWERS, f"{json.dumps(asdict(trial))}\n".encode())


def _made(module: str, source: str, kept: Path) -> tuple[str, list[Error]]:
    """The module's code with all its errors, and the errors."""
    file = kept / f"{sha256((module + source).encode()).hexdigest()[:16]}.json"
    if file.exists():
        code, before = json.loads(file.read_text("utf-8"))
        return code, [Error(**each) for each in before]
    made = mutate_file_contents(module, source)
    found = list(errors(module, made))
    file.write_text(json.dumps([made.code, [asdict(each) for each in found]]), "utf-8")
    return made.code, found


def main() -> int:
    """Make the errors, and try them."""
    os.dup2(1, ANSWERS)
    os.dup2(2, 1)
    task = Task(**json.loads(sys.stdin.read()))
    found: list[Error] = []
    for module in task.modules:
        path = Path(module)
        source = path.read_text("utf-8")
        code, made = _made(module, source, Path(task.kept))
        path.write_text(code, "utf-8")
        found += made
    places = Places()
    setattr(trampoline, "wrap_in_trampoline", places.marking)  # noqa: B010 - of another type
    wanted = sampled(found, task.sample, task.seed)
    random.Random(task.seed).shuffle(wanted)
    known = frozenset(task.known)
    for each in wanted:
        if each.key in known:
            _tell(each, NOTICED)
    options = [
        "-p",
        "no:cacheprovider",
        "-p",
        "no:xdist",
        "-p",
        "no:randomly",
        "--capture=no",
        "-q",
        "--tb=native",
    ]
    options += [
        "-o",
        "xfail_strict=true",
        "-m",
        "not postgres",
        *(f"--ignore={each}" for each in task.ignored),
    ]
    trials = Trials(task, [each for each in wanted if each.key not in known], places)
    return int(pytest.main([*options, *task.tests], plugins=[trials]))


if __name__ == "__main__":
    sys.exit(main())

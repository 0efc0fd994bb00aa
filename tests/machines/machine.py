"""One machine: a copy-on-write layer over a common root, booted by systemd-nspawn, reached by ssh."""

from __future__ import annotations

import shutil
import signal
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from tests.machines.archive import HOST
from tests.machines.network import BRIDGE, GATEWAY, WITHIN

SUITE: Final = "bookworm"
PACKAGES: Final = "systemd,systemd-sysv,dbus,python3,python3-apt,iproute2,openssh-server,ca-certificates"
"""What Debian's installer gives a small server, and what ansible needs to begin."""
BOOTS_WITHIN_S: Final = 300.0
ENDS_WITHIN_S: Final = 120.0
SHARED: Final = "/srv/shared"
"""The same folder on all machines, as if a file server had it."""
_GROUPS: Final = "/sys/fs/cgroup"
# Without groups of its own, one machine's systemd would take another's processes for its own.
_IN_OWN_GROUPS: Final = f"""
[ -e {_GROUPS}/cgroup.procs ] && all={_GROUPS} || all=$(echo {_GROUPS}/*)
for each in $all; do mkdir -p "$each/$0" && echo $$ > "$each/$0/cgroup.procs"; done 2> /dev/null
exec "$@"
"""
_SSH: Final = ("-o", "StrictHostKeyChecking=no", "-o", "UserKnownHostsFile=/dev/null", "-o", "LogLevel=ERROR")


@dataclass(slots=True)
class Machine:
    """A machine, which may be booted and switched off."""

    name: str
    address: str
    root: Path
    key: Path
    _running: subprocess.Popen[bytes] | None = field(default=None, repr=False)

    @property
    def ssh_options(self) -> tuple[str, ...]:
        """How ssh reaches it."""
        return ("-i", str(self.key), *_SSH)

    def run(self, command: str) -> str:
        """What a shell command prints there. Raises CalledProcessError."""
        asked = [*WITHIN, "ssh", *self.ssh_options, f"root@{self.address}", command]
        return subprocess.run(asked, check=True, stdout=subprocess.PIPE, text=True).stdout

    def write(self, path: str, text: str) -> None:
        """Write a file there."""
        (self.root / path.lstrip("/")).write_text(text)

    def boot(self) -> None:
        """Switch it on, and wait until its units have started or failed. Raises RuntimeError."""
        nspawn = ["systemd-nspawn", "-q", "-b", "-D", str(self.root), f"--machine={self.name}"]
        nspawn += [
            f"--bind={self.root.parent.parent / 'shared'}:{SHARED}",
            f"--network-bridge={BRIDGE}",
            "--register=no",
            "--keep-unit",
            "--console=pipe",
        ]
        with (self.root.parent / "console").open("ab") as console:
            self._running = subprocess.Popen(
                [*WITHIN, "sh", "-c", _IN_OWN_GROUPS, _group(self.root.parent), *nspawn],
                stdin=subprocess.DEVNULL,
                stdout=console,
                stderr=console,
                start_new_session=True,
            )
        self._wait(self._running)

    def shut_down(self) -> None:
        """Let its units end and switch it off."""
        if (running := self._stopping()) is not None:
            running.send_signal(signal.SIGTERM)
            _wait_for_the_end(running)

    def cut_power(self) -> None:
        """Switch it off at once; no process there learns of it."""
        if (running := self._stopping()) is not None:
            # With its first process all others of the machine end; without systemd-nspawn they would go on.
            # One that did not boot has none.
            subprocess.run(["pkill", "--signal", "KILL", "--parent", str(running.pid)], check=False)
            _wait_for_the_end(running)

    def _stopping(self) -> subprocess.Popen[bytes] | None:
        running, self._running = self._running, None
        return running

    def _wait(self, process: subprocess.Popen[bytes]) -> None:
        deadline = time.monotonic() + BOOTS_WITHIN_S
        while process.poll() is None and time.monotonic() < deadline:
            try:
                # "degraded" is an answer too: what failed is for others to judge.
                self.run("systemctl is-system-running --wait || [ $? -eq 1 ]")
            except subprocess.CalledProcessError:
                time.sleep(1)
            else:
                return
        console = (self.root.parent / "console").read_text(errors="replace")
        raise RuntimeError(f"{self.name} did not boot:\n{console}")


def _wait_for_the_end(running: subprocess.Popen[bytes]) -> None:
    try:
        running.wait(ENDS_WITHIN_S)
    except subprocess.TimeoutExpired:
        subprocess.run(["pkill", "--signal", "KILL", "--parent", str(running.pid)], check=False)
        running.kill()
        running.wait()


def common_root(folder: Path) -> Path:
    """The root under all machines; made once."""
    root = folder / "root"
    if not (root / "etc/debian_version").exists() or (folder / "root.new").exists():
        # What debootstrap had mounted when it was killed must not be deleted with it.
        for inside in (root / "proc", root / "sys"):
            if inside.is_mount():
                subprocess.run(["umount", "--recursive", str(inside)], check=True)
        shutil.rmtree(root, ignore_errors=True)
        (folder / "root.new").mkdir(parents=True, exist_ok=True)
        made = ["debootstrap", "--variant=minbase", f"--include={PACKAGES}", SUITE, str(root)]
        subprocess.run([*made, f"http://{HOST}/debian"], check=True, stdout=subprocess.DEVNULL)
        (folder / "root.new").rmdir()
    return root


@contextmanager
def machine(root: Path, folder: Path, name: str, address: str, archive_proxy: str) -> Iterator[Machine]:
    """An empty machine, booted; the end of the block cuts its power and forgets it."""
    own = folder / name
    _remove(own)
    for part in ("changes", "work", "root"):
        (own / part).mkdir(parents=True)
    (folder / "shared").mkdir(exist_ok=True)
    layers = f"lowerdir={root},upperdir={own / 'changes'},workdir={own / 'work'}"
    subprocess.run(["mount", "-t", "overlay", "overlay", "-o", layers, str(own / "root")], check=True)
    made = Machine(name, address, own / "root", _key(own))
    try:
        _prepare(made, archive_proxy)
        made.boot()
        yield made
    finally:
        made.cut_power()
        _remove(own)


def _remove(own: Path) -> None:
    """A mount may be left of a run that was killed, or be in use for a moment still."""
    while (own / "root").is_mount():
        subprocess.run(["umount", "--lazy", str(own / "root")], check=True)
    shutil.rmtree(own, ignore_errors=True)
    for groups in (f"{_GROUPS}/{_group(own)}", f"{_GROUPS}/*/{_group(own)}"):
        emptied = f"find {groups} -depth -type d -exec rmdir {{}} + 2> /dev/null"
        subprocess.run(["sh", "-c", emptied], check=False)


def _group(own: Path) -> str:
    """What a machine's control groups are called."""
    return f"proctor-machine-{own.name}"


def _key(own: Path) -> Path:
    key = own / "ssh-key"
    subprocess.run(["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", str(key)], check=True)
    return key


def _prepare(made: Machine, archive_proxy: str) -> None:
    (made.root / "root/.ssh").mkdir(mode=0o700, exist_ok=True)
    made.write("/root/.ssh/authorized_keys", made.key.with_suffix(".pub").read_text())
    made.write("/etc/hostname", f"{made.name.partition('.')[0]}\n")
    made.write(
        # before Debian's own file for containers, which would ask for an address
        "/etc/systemd/network/10-host0.network",
        f"[Match]\nName=host0\n[Network]\nAddress={made.address}/24\nGateway={GATEWAY}\n",
    )
    wanted = made.root / "etc/systemd/system/multi-user.target.wants"
    (wanted / "systemd-networkd.service").symlink_to("/lib/systemd/system/systemd-networkd.service")
    made.write("/etc/apt/apt.conf.d/01proxy", f'Acquire::http::Proxy "{archive_proxy}";\n')
    # A machine that is thrown away need not wait for its disk.
    made.write("/etc/dpkg/dpkg.cfg.d/thrown-away", "force-unsafe-io\n")
    suites = {SUITE: "debian", f"{SUITE}-updates": "debian", f"{SUITE}-security": "debian-security"}
    lines = (f"deb http://{HOST}/{where} {suite} main\n" for suite, where in suites.items())
    made.write("/etc/apt/sources.list", "".join(lines))

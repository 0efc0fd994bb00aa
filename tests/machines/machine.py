"""One machine: a copy-on-write layer over a common root, booted by systemd-nspawn, reached by ssh."""

from __future__ import annotations

import shutil
import signal
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from tests.machines.archive import HOST
from tests.machines.network import BRIDGE, WITHIN

SUITE: Final = "bookworm"
PACKAGES: Final = "systemd,systemd-sysv,dbus,python3,python3-apt,iproute2,openssh-server,ca-certificates"
"""What Debian's installer gives a small server, and what ansible needs to begin."""
BOOTS_WITHIN_S: Final = 120.0
_SSH: Final = ("-o", "StrictHostKeyChecking=no", "-o", "UserKnownHostsFile=/dev/null", "-o", "LogLevel=ERROR")


@dataclass(frozen=True, slots=True)
class Machine:
    """A booted machine."""

    name: str
    address: str
    root: Path
    key: Path

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


def common_root(folder: Path) -> Path:
    """The root under all machines; made once."""
    root = folder / "root"
    if not (root / "etc/debian_version").exists() or (folder / "root.new").exists():
        shutil.rmtree(root, ignore_errors=True)
        (folder / "root.new").mkdir(parents=True, exist_ok=True)
        made = ["debootstrap", "--variant=minbase", f"--include={PACKAGES}", SUITE, str(root)]
        subprocess.run([*made, f"http://{HOST}/debian"], check=True, stdout=subprocess.DEVNULL)
        (folder / "root.new").rmdir()
    return root


@contextmanager
def machine(
    root: Path, folder: Path, name: str, address: str, gateway: str, archive_proxy: str
) -> Iterator[Machine]:
    """Boot an empty machine; the end of the block switches it off and forgets it."""
    own = folder / name
    shutil.rmtree(own, ignore_errors=True)
    for part in ("changes", "work", "root"):
        (own / part).mkdir(parents=True)
    layers = f"lowerdir={root},upperdir={own / 'changes'},workdir={own / 'work'}"
    subprocess.run(["mount", "-t", "overlay", "overlay", "-o", layers, str(own / "root")], check=True)
    try:
        booting = Machine(name, address, own / "root", _key(own))
        _prepare(booting, gateway, archive_proxy)
        with _booted(booting):
            yield booting
    finally:
        subprocess.run(["umount", str(own / "root")], check=True)
        shutil.rmtree(own, ignore_errors=True)


def _key(own: Path) -> Path:
    key = own / "ssh-key"
    subprocess.run(["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", str(key)], check=True)
    return key


def _prepare(booting: Machine, gateway: str, archive_proxy: str) -> None:
    (booting.root / "root/.ssh").mkdir(mode=0o700, exist_ok=True)
    booting.write("/root/.ssh/authorized_keys", booting.key.with_suffix(".pub").read_text())
    booting.write("/etc/hostname", f"{booting.name.partition('.')[0]}\n")
    booting.write(
        # before Debian's own file for containers, which would ask for an address
        "/etc/systemd/network/10-host0.network",
        f"[Match]\nName=host0\n[Network]\nAddress={booting.address}/24\nGateway={gateway}\n",
    )
    wanted = booting.root / "etc/systemd/system/multi-user.target.wants"
    (wanted / "systemd-networkd.service").symlink_to("/lib/systemd/system/systemd-networkd.service")
    booting.write("/etc/apt/apt.conf.d/01proxy", f'Acquire::http::Proxy "{archive_proxy}";\n')
    # A machine that is thrown away need not wait for its disk.
    booting.write("/etc/dpkg/dpkg.cfg.d/thrown-away", "force-unsafe-io\n")
    suites = {SUITE: "debian", f"{SUITE}-updates": "debian", f"{SUITE}-security": "debian-security"}
    lines = (f"deb http://{HOST}/{where} {suite} main\n" for suite, where in suites.items())
    booting.write("/etc/apt/sources.list", "".join(lines))


@contextmanager
def _booted(booting: Machine) -> Iterator[None]:
    nspawn = ["systemd-nspawn", "-q", "-b", "-D", str(booting.root), f"--machine={booting.name}"]
    nspawn += [f"--network-bridge={BRIDGE}", "--register=no", "--keep-unit", "--console=pipe"]
    with (booting.root.parent / "console").open("wb") as console:
        process = subprocess.Popen(
            [*WITHIN, *nspawn],
            stdin=subprocess.DEVNULL,
            stdout=console,
            stderr=console,
            start_new_session=True,
        )
    try:
        _wait(booting, process)
        yield
    finally:
        process.send_signal(signal.SIGTERM)
        process.wait()


def _wait(booting: Machine, process: subprocess.Popen[bytes]) -> None:
    deadline = time.monotonic() + BOOTS_WITHIN_S
    while process.poll() is None and time.monotonic() < deadline:
        try:
            booting.run("systemctl is-system-running --wait")
            return
        except subprocess.CalledProcessError:
            time.sleep(1)
    console = (booting.root.parent / "console").read_text(errors="replace")
    raise RuntimeError(f"{booting.name} did not boot:\n{console}")

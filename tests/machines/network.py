"""The network of the machines: a namespace with a bridge, and one pair of interfaces to this machine.

Packets go no further than this machine, which forwards nothing.
"""

from __future__ import annotations

import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final

NAMESPACE: Final = "proctor-machines"
WITHIN: Final = ("nsenter", f"--net=/run/netns/{NAMESPACE}")
"""Before a command that talks to machines. `ip netns exec` would hide control groups from systemd-nspawn."""
BRIDGE: Final = "machines"
GATEWAY: Final = "10.99.0.1"
HERE: Final = "10.99.1.1"
"""This machine, as the machines reach it."""
_THERE: Final = "10.99.1.2"
_MACHINES: Final = "10.99.0.0/24"


@contextmanager
def network() -> Iterator[None]:
    """Make the network; the end of the block takes it down."""
    _remove()
    _ip("netns", "add", NAMESPACE)
    try:
        _within("link", "add", BRIDGE, "type", "bridge")
        _within("addr", "add", f"{GATEWAY}/24", "dev", BRIDGE)
        _ip("link", "add", "pm-here", "type", "veth", "peer", "name", "pm-there", "netns", NAMESPACE)
        _ip("addr", "add", f"{HERE}/30", "dev", "pm-here")
        _within("addr", "add", f"{_THERE}/30", "dev", "pm-there")
        for device in ("lo", BRIDGE, "pm-there"):
            _within("link", "set", device, "up")
        _ip("link", "set", "pm-here", "up")
        _ip("route", "add", _MACHINES, "via", _THERE)
        subprocess.run([*WITHIN, "sysctl", "-qw", "net.ipv4.ip_forward=1"], check=True)
        yield
    finally:
        _remove()


def _ip(*arguments: str) -> None:
    subprocess.run(["ip", *arguments], check=True)


def _within(*arguments: str) -> None:
    _ip("-n", NAMESPACE, *arguments)


def _remove() -> None:
    """What is left of a run that was killed goes first; with its peer, the interface here goes too."""
    subprocess.run(["ip", "link", "del", "pm-here"], check=False, stderr=subprocess.DEVNULL)
    subprocess.run(["ip", "netns", "del", NAMESPACE], check=False, stderr=subprocess.DEVNULL)

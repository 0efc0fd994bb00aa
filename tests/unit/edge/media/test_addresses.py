"""Which addresses of a page's candidates are tried."""

import pytest

from edge.media.addresses import Reach, objection

EVERYWHERE = Reach(private=True, loopback=True)
REFUSED = {
    "loopback": ["127.0.0.1", "127.8.8.8", "::1", "::ffff:127.0.0.1", "64:ff9b::7f00:1", "2002:7f00:1::1"],
    "unspecified": ["0.0.0.0", "::", "::ffff:0.0.0.0"],
    "link-local": ["169.254.7.7", "fe80::1", "fe80::1%eth0", "2001:4860:4860::8888%lo", "::ffff:169.254.1.1"],
    "metadata": [
        "169.254.169.254",
        "::ffff:169.254.169.254",
        "64:ff9b::a9fe:a9fe",
        "2002:a9fe:a9fe::1",
        "100.100.100.200",
        "168.63.129.16",
        "192.0.0.192",
        "fd00:ec2::254",
    ],
    "multicast": ["224.0.0.251", "239.1.2.3", "ff02::1", "ff0e::101", "::ffff:224.0.0.1"],
    "broadcast": ["255.255.255.255", "::ffff:255.255.255.255"],
    "reserved": ["0.1.2.3", "240.0.0.1", "192.0.0.170", "::7f00:1", "fec0::1"],
    "name": [
        "localhost",
        "metadata.google.internal",
        "0f1e2d3c.local",
        "",
        "127.1",
        "0x7f000001",
        "2130706433",
    ],
}
PRIVATE = [
    "10.0.0.5",
    "172.16.9.9",
    "192.168.1.20",
    "100.64.3.3",
    "fd12:3456::1",
    "::ffff:10.0.0.5",
    "192.0.2.2",
    "2001:db8::1",
]
PUBLIC = ["8.8.8.8", "2001:4860:4860::8888", "64:ff9b::808:808"]


CASES = [(reason, host) for reason, hosts in REFUSED.items() for host in hosts]


@pytest.mark.parametrize(("reason", "host"), CASES)
def test_what_is_nobodys_camera_is_not_tried(reason: str, host: str) -> None:
    assert objection(host, 40_000, "udp", Reach()) == reason


@pytest.mark.parametrize("host", PUBLIC)
def test_the_internet_is_tried_always(host: str) -> None:
    assert objection(host, 40_000, "UDP", Reach(private=False)) is None


@pytest.mark.parametrize("host", PRIVATE)
def test_private_networks_are_a_setting(host: str) -> None:
    assert objection(host, 40_000, "udp", Reach()) is None
    assert objection(host, 40_000, "udp", Reach(private=False)) == "private"


def test_this_host_is_a_setting_and_nothing_else_comes_with_it() -> None:
    assert objection("127.0.0.1", 40_000, "udp", EVERYWHERE) is None
    assert objection("::1", 40_000, "udp", EVERYWHERE) is None
    others = [(reason, host) for reason, host in CASES if reason != "loopback"]
    assert [(objection(host, 40_000, "udp", EVERYWHERE), host) for _, host in others] == others


@pytest.mark.parametrize("port", [0, 9, 53, 443, 1_023, 65_536, -1])
def test_ports_of_services_are_not_tried(port: int) -> None:
    assert objection("8.8.8.8", port, "udp", Reach()) == "port"


def test_only_udp_is_tried() -> None:
    assert objection("8.8.8.8", 40_000, "tcp", Reach()) == "transport"

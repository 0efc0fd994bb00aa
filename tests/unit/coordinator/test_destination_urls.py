from ipaddress import ip_address

import pytest

from shared.destination_url import address_trouble, check_url, url_trouble

PUBLIC = "8.8.8.8 1.1.1.1 2606:4700:4700::1111 2a00:1450:4001::200e ::ffff:8.8.8.8"
LOOPBACK = "127.0.0.1 127.8.9.1 ::1 ::ffff:127.0.0.1"
INSIDE = """
    10.0.0.1 172.16.3.4 192.168.1.1 100.64.0.1 fc00::1 fd00:ec2::254 fec0::1
    ::ffff:10.0.0.1 ::ffff:192.168.0.9
    169.254.169.254 169.254.0.1 fe80::1 fe80::1%eth0 ::ffff:169.254.169.254
    224.0.0.1 239.255.255.250 ff02::1 ff0e::1 ::ffff:224.0.0.1
    0.0.0.0 255.255.255.255 240.0.0.1 192.0.2.1 198.51.100.7 203.0.113.7 198.18.0.1 192.88.99.1
    :: 2001:db8::1 3fff::1 100::1
    64:ff9b::7f00:1 64:ff9b::808:808 64:ff9b:1::1 2002:7f00:1:: 2001:0:1::1 ::7f00:1 ::10.0.0.1
"""


@pytest.mark.parametrize("address", PUBLIC.split())
def test_a_public_address_may_be_reached(address: str) -> None:
    assert address_trouble(ip_address(address), loopback=False) is None


@pytest.mark.parametrize("address", [*LOOPBACK.split(), *INSIDE.split()])
def test_an_address_that_others_cannot_reach_may_not(address: str) -> None:
    assert address_trouble(ip_address(address), loopback=False) is not None


@pytest.mark.parametrize("address", LOOPBACK.split())
def test_this_machine_may_be_reached_where_the_setting_says_so(address: str) -> None:
    assert address_trouble(ip_address(address), loopback=True) is None


@pytest.mark.parametrize("address", INSIDE.split())
def test_the_setting_opens_nothing_else(address: str) -> None:
    assert address_trouble(ip_address(address), loopback=True) is not None


@pytest.mark.parametrize(
    ("url", "loopback", "allowed"),
    [
        ("https://exams.example.org/hooks", False, True),
        ("https://exams.example.org:8443/hooks?a=b", False, True),
        ("http://exams.example.org/hooks", False, False),
        ("http://exams.example.org/hooks", True, False),
        ("http://127.0.0.1:9/hooks", False, False),
        ("http://127.0.0.1:9/hooks", True, True),
        ("http://[::1]:9/hooks", True, True),
        ("http://localhost:9/hooks", True, True),
        ("http://localhost:9/hooks", False, False),
        ("https://127.0.0.1/hooks", False, False),
        ("https://10.0.0.7/hooks", True, False),
        ("http://10.0.0.7/hooks", True, False),
        ("https://[fd00:ec2::254]/latest", False, False),
        ("https://[::ffff:169.254.169.254]/latest", False, False),
    ],
)
def test_what_a_url_says_is_checked_before_any_name_is_resolved(
    url: str, loopback: bool, allowed: bool
) -> None:
    assert check_url(url) == url
    assert (url_trouble(url, loopback=loopback) is None) is allowed


@pytest.mark.parametrize(
    "url",
    [
        "ftp://example.org/",
        "https:///hooks",
        "https://user@example.org/",
        "https://user:word@example.org/",
        "https://example.org/#part",
        "https://example.org/#",
        "https://example.org:99999/",
        "https://exa mple.org/",
        "https://example.org/\r\nhost: other",
        "https://exämple.org/",
        "https://[::1/",
        "file:///etc/passwd",
    ],
)
def test_what_is_no_url_of_a_destination_is_refused(url: str) -> None:
    with pytest.raises(ValueError, match=r"\w"):
        check_url(url)

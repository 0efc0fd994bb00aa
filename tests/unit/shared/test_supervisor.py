"""What systemd asks of a daemon by its environment, in a table."""

from collections.abc import Mapping

import pytest

from shared.supervisor import Supervisor, of_environment

OWN_ID = 77


@pytest.mark.parametrize(
    ("environment", "asked"),
    [
        ({}, Supervisor()),
        ({"NOTIFY_SOCKET": "/run/notify"}, Supervisor("/run/notify")),
        ({"NOTIFY_SOCKET": "@abstract"}, Supervisor("\0abstract")),
        ({"NOTIFY_SOCKET": "vsock:2:1"}, Supervisor()),  # of a virtual machine's host; nobody of ours
        ({"WATCHDOG_USEC": "30000000"}, Supervisor()),  # without a socket there is nobody to tell
        ({"NOTIFY_SOCKET": "/s", "WATCHDOG_USEC": "30000000"}, Supervisor("/s", 30.0)),
        ({"NOTIFY_SOCKET": "/s", "WATCHDOG_USEC": "30000000", "WATCHDOG_PID": "77"}, Supervisor("/s", 30.0)),
        ({"NOTIFY_SOCKET": "/s", "WATCHDOG_USEC": "30000000", "WATCHDOG_PID": "78"}, Supervisor("/s")),
        ({"NOTIFY_SOCKET": "/s", "WATCHDOG_USEC": "0"}, Supervisor("/s")),
        ({"NOTIFY_SOCKET": "/s", "WATCHDOG_USEC": "soon"}, Supervisor("/s")),
    ],
)
def test_only_what_is_asked_of_this_process_counts(environment: Mapping[str, str], asked: Supervisor) -> None:
    assert of_environment(environment, OWN_ID) == asked

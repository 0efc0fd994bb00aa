"""Reading an exam's policy from a JSON file."""

from __future__ import annotations

from pathlib import Path

from shared.canonical import parse_json
from shared.errors import ConfigError
from shared.policy import Policy, parse_policy

MAX_POLICY_BYTES = 1_000_000


def read_policy(path: Path) -> Policy:
    """The policy in a file. Raises `ConfigError` when it cannot be read, `Corrupt` when it is no JSON and
    `Rejected` when it is no policy."""
    try:
        data = path.read_bytes() if path.stat().st_size <= MAX_POLICY_BYTES else b""
    except OSError as error:
        raise ConfigError(f"the policy {path} cannot be read: {error.strerror}") from error
    value = parse_json(data)
    if not isinstance(value, dict):
        raise ConfigError(f"the policy {path} is not a JSON object")
    return parse_policy(value)

"""Reads an exam's policy from a JSON file."""

from __future__ import annotations

from pathlib import Path

from shared.canonical import parse_json
from shared.errors import ConfigError, Corrupt, Rejected
from shared.policy.schema import Policy, parse_policy

MAX_POLICY_BYTES = 1_000_000


def read_policy(path: Path) -> Policy:
    """Read a policy. Raises `ConfigError` naming the file when it cannot be read or is not a policy."""
    try:
        if path.stat().st_size > MAX_POLICY_BYTES:
            raise ConfigError(f"the policy {path} is larger than {MAX_POLICY_BYTES} bytes; refused")
        value = parse_json(path.read_bytes(), names_once=True)
        if not isinstance(value, dict):
            raise ConfigError(f"the policy {path} is not a JSON object")
        return parse_policy(value)
    except OSError as error:
        raise ConfigError(f"the policy {path} cannot be read: {error.strerror}") from error
    except (Corrupt, Rejected) as error:
        raise ConfigError(f"the policy {path}: {error}") from error

"""Reads the signing keys of the nodes whose messages are accepted. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from uuid import UUID

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

Signers = Mapping[UUID, Ed25519PublicKey]
"""The signing key of each node whose messages are accepted."""

"""Which nodes may speak. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from uuid import UUID

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

Signers = Mapping[UUID, Ed25519PublicKey]
"""Signing key per node that may speak."""

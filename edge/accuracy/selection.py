"""Which networks are tested: those of a profile, or those of package registries alone. Pure."""

from __future__ import annotations

from enum import StrEnum


class Selection(StrEnum):
    """The networks that a deployment may have."""

    OPEN = "open"
    REGISTRY = "registry"
    RESEARCH = "research"

    @property
    def words(self) -> str:
        """Its name for people."""
        return {
            Selection.OPEN: "open licences, everything present",
            Selection.REGISTRY: "open licences, package registries alone",
            Selection.RESEARCH: "research licences as well",
        }[self]

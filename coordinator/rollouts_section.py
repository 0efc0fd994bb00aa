"""The settings of rollouts of networks."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from shared.config_file import Section


class RolloutsSection(Section):
    """How much has to be seen of a new version of a network before it is given further, or taken back."""

    look_every_s: Annotated[float, Field(ge=0.1, le=3_600, allow_inf_nan=False)] = 30.0
    """How often what was seen is looked at."""
    false_word: Annotated[float, Field(ge=0.001, le=0.2)] = 0.02
    """How probable it may be that an equal version is taken back, in the shadow and again in the canary."""
    least_findings: Annotated[int, Field(ge=10, le=100_000)] = 100
    """Findings, of either version, at the first look at the shadow; at each next one twice as many."""
    least_of_event: Annotated[int, Field(ge=5, le=100_000)] = 60
    """Findings of an event, of either version, below which it is not judged alone."""
    least_exams: Annotated[int, Field(ge=1, le=60)] = 8
    """Exams with the new version at the first look at the canary; at each next one twice as many."""
    promoted_after_exams: Annotated[int, Field(ge=1, le=60)] = 16
    """Exams with the new version after which it is promoted, if nothing differs."""
    canary_share: Annotated[float, Field(ge=0.01, le=1)] = 0.10
    """The share of exams that get the new version in the canary."""

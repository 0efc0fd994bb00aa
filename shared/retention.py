"""The classes of what is kept for a time, and for how long. Pure.

The days are those of the session's policy, so that they are the ones that its candidate was told.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from enum import StrEnum
from types import MappingProxyType
from typing import Final

from shared.policy.terms import Retention


class Kept(StrEnum):
    """A class of what is kept, and erased together."""

    TEMPLATES = "templates"
    """Of a person: face templates, measurements of enrollment pictures, checks before the exam."""
    EVIDENCE = "evidence"
    """Of a person and exam: the pictures of its alerts."""
    ALERTS = "alerts"
    """Of a person and exam: alerts, incidents with their reviews, reports, details, accommodations."""
    FEATURES = "features"
    """Of a person and exam: the log of features."""
    RECORDS = "records"
    """That a person took an exam and agreed to it: names, times, consents."""


RECORD_DAYS: Final = 365
"""Records prove that a candidate was informed; they are kept at least as long as what they are about."""

DAYS: Final[Mapping[Kept, Callable[[Retention], int]]] = MappingProxyType(
    {
        Kept.TEMPLATES: lambda retention: retention.templates_days,
        Kept.EVIDENCE: lambda retention: retention.evidence_days,
        Kept.ALERTS: lambda retention: retention.alerts_days,
        Kept.FEATURES: lambda retention: retention.features_days,
        Kept.RECORDS: lambda retention: max(
            RECORD_DAYS, retention.templates_days, retention.alerts_days, retention.features_days
        ),
    }
)
"""Days after the end of the exam; for what is of a person, of their last exam."""


def longest(several: Iterable[Retention]) -> Retention:
    """The terms of a person who sat one exam under several policies: the longest of each."""
    terms = list(several) or [Retention()]
    return Retention(
        templates_days=max(one.templates_days for one in terms),
        evidence_days=max(one.evidence_days for one in terms),
        alerts_days=max(one.alerts_days for one in terms),
        features_days=max(one.features_days for one in terms),
    )

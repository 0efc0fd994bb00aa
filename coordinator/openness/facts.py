"""Puts the public notice together from the tables of events, days and purposes. Pure."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

from coordinator.openness import words
from shared.api.openness import KeptForOut, LookedForOut, NetworkOut, OpennessOut, PurposeOut
from shared.consents import OF_SESSIONS, Purpose
from shared.events.row import DefaultRule, EventRow
from shared.events.table import EVENTS
from shared.policy.terms import Retention
from shared.retention import DAYS


@dataclass(frozen=True, slots=True)
class Institution:
    """What an institution has set."""

    name: str
    bases: Mapping[Purpose, str] = field(default_factory=dict)
    """The lawful basis of a purpose that needs no acknowledgement."""


NOBODY: Final = Institution("")


def notice(
    cards: Sequence[Mapping[str, Any]], in_use: Collection[str], institution: Institution | None = None
) -> OpennessOut:
    """The notice of an institution, or what all have in common; `in_use`: networks as name@version."""
    return OpennessOut(
        version=words.VERSION,
        language=words.LANGUAGE,
        institution=institution.name if institution else None,
        decides=list(words.DECIDES),
        purposes=[_purpose(purpose, institution or NOBODY) for purpose in Purpose],
        looked_for=[_looked_for(row, row.rule) for row in EVENTS.values() if row.rule is not None],
        never=list(words.NEVER),
        networks=[NetworkOut(**card, in_use=f"{card['name']}@{card['version']}" in in_use) for card in cards],
        limits=list(words.LIMITS),
        kept=_kept(),
        rights=list(words.RIGHTS),
    )


def _purpose(purpose: Purpose, institution: Institution) -> PurposeOut:
    if purpose not in OF_SESSIONS:
        basis = words.OWN_YES
    elif (other := institution.bases.get(purpose)) is not None:
        basis = words.OTHER.format(basis=other)
    else:
        basis = words.ASKED
    return PurposeOut(purpose=purpose, meaning=words.MEANINGS[purpose], basis=basis)


def _looked_for(row: EventRow, rule: DefaultRule) -> LookedForOut:
    return LookedForOut(
        event_type=row.event,
        name=row.words.title,
        event_class=row.event_class,
        usual=rule.enabled,
        hold_seconds=rule.hold_s if row.waited_for else None,
        severity=rule.severity,
        advice=rule.action,
        pictured=row.pictured,
    )


def _kept() -> list[KeptForOut]:
    usual = Retention()
    by_days = [
        KeptForOut(what=what, usual_days=DAYS[kept](usual), rule=rule)
        for kept, (what, rule) in words.KEPT.items()
    ]
    return [
        *by_days,
        *(KeptForOut(what=what, usual_days=None, rule=rule) for what, rule in words.KEPT_OTHERWISE),
    ]

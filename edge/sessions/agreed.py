"""Decides what may be watched now: only what the candidate has agreed to, and nothing in a pause. Pure.

A purpose that is withheld (not agreed to yet, or withdrawn) is removed from the order itself. So no network,
rule or event works for it, and a candidate who uses this right causes no event.
"""

from __future__ import annotations

from shared.consents import Purpose
from shared.errors import Rejected
from shared.events.looks import Sense
from shared.messages.sessions import StartSession


def as_agreed(order: StartSession) -> StartSession:
    """The order without the withheld purposes: their features are off, and face templates are removed."""
    off: dict[str, bool] = {}
    if not _compares(order):
        off["face_verification"] = False
    if Purpose.SPEECH_DETECTION in order.withheld:
        off["audio_monitoring"] = False
    if not off:
        return order
    features = order.policy.features.model_copy(update=off)
    return order.model_copy(
        update={
            "policy": order.policy.model_copy(update={"features": features}),
            "templates": order.templates if _compares(order) else (),
        }
    )


def senses_of(order: StartSession) -> frozenset[Sense]:
    """The senses that may be used now; none in a pause."""
    if order.paused:
        return frozenset()
    blocked = {
        Sense.SIGHT: Purpose.CAMERA_MONITORING,
        Sense.HEARING: Purpose.SPEECH_DETECTION,
    }
    return frozenset(sense for sense, purpose in blocked.items() if purpose not in order.withheld)


def check_may_compare(order: StartSession) -> None:
    """Check that faces may be compared now. Raises `Rejected` (409 `session-paused`, `not-agreed`) if not."""
    if order.paused:
        raise Rejected(
            "the exam is paused and nothing is watched; try again after the pause",
            code="session-paused",
            status=409,
        )
    if not _compares(order):
        raise Rejected(
            "the candidate does not agree to having its face compared; nothing is known about who it is, so "
            "check that in another way",
            code="not-agreed",
            status=409,
        )


def _compares(order: StartSession) -> bool:
    """Whether faces may be compared, which needs the camera too."""
    return not {Purpose.IDENTITY_VERIFICATION, Purpose.CAMERA_MONITORING}.intersection(order.withheld)

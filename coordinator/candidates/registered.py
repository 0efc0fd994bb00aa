"""Decides whether a request may name an exam and a candidate: both must be known, unless staff say otherwise.
Pure."""

from __future__ import annotations

from shared.errors import Rejected


def check_registered(*, exam_known: bool, candidate_known: bool) -> None:
    """Check that exam and candidate are known, so that a typing error creates nothing. Raises `Rejected` (422
    `exam-unknown`, `candidate-unknown`)."""
    if not exam_known:
        raise _unknown("exam", "create it first")
    if not candidate_known:
        raise _unknown("candidate", "enroll the candidate first")


def _unknown(what: str, remedy: str) -> Rejected:
    message = f"there is no {what} with this id; {remedy}, or set allow_unregistered to go on without"
    return Rejected(
        message,
        code=f"{what}-unknown",
        status=422,
        errors=[{"path": f"body.{what}_id", "message": message}],
    )

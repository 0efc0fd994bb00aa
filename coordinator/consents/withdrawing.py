"""Tells candidate and staff what a withdrawal stops, and requires its confirmation. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Final

from shared.consents import Purpose
from shared.errors import Rejected

NAMES: Final[Mapping[Purpose, str]] = MappingProxyType(
    {
        Purpose.CAMERA_MONITORING: "the watching of its camera picture",
        Purpose.IDENTITY_VERIFICATION: "the comparison of its face",
        Purpose.SPEECH_DETECTION: "listening to its microphone",
        Purpose.SPEECH_TRANSCRIPTION: "the recognition of spoken words",
        Purpose.IMPERSONATION_SEARCH: "the search for its face among others",
        Purpose.FEATURE_LOG: "the log of what was measured",
    }
)
"""What staff read after "the candidate withdrew its consent to …"."""
STOPS: Final[Mapping[Purpose, str]] = MappingProxyType(
    {
        Purpose.CAMERA_MONITORING: (
            "Your camera picture is no longer looked at, and your face is not compared."
        ),
        Purpose.IDENTITY_VERIFICATION: "Your face is no longer compared with the pictures you enrolled with.",
        Purpose.SPEECH_DETECTION: "Your microphone is no longer listened to.",
        Purpose.SPEECH_TRANSCRIPTION: (
            "Words are no longer recognised, and what was kept can no longer be opened."
        ),
        Purpose.IMPERSONATION_SEARCH: "Your face is no longer searched for among others.",
        Purpose.FEATURE_LOG: (
            "What is measured is no longer logged for research, and what was logged can no longer be opened."
        ),
    }
)
ALTERNATIVE: Final = (
    "Your exam goes on, and this is not held against you. Your institution sees that you used this right and "
    "agrees with you on another way to sit the exam. You can agree again at any time."
)
RENEWED: Final = "You have agreed again. From now on this is done as the notice says."
HELD: Final = (
    "What is measured is no longer logged for research. What was logged is not used any more; the law "
    "requires that it is kept for now, and it is destroyed as soon as that has ended."
)
"""In place of `STOPS` of the log of features while a legal hold keeps it. Why is not for the candidate."""
LATER: Final = frozenset({Purpose.SPEECH_TRANSCRIPTION, Purpose.FEATURE_LOG})
"""Purposes for which only the start of a session makes keys."""
RENEWED_LATER: Final = (
    "You have agreed. It counts from your next exam session on; one that runs already stays as it is."
)


def told(purpose: Purpose, *, given: bool, held: bool = False) -> str:
    """The message to the candidate about its consent to a purpose or its withdrawal; `held`: a legal hold
    keeps what was stored for it."""
    if given:
        return RENEWED_LATER if purpose in LATER else RENEWED
    return f"{HELD if held else STOPS[purpose]} {ALTERNATIVE}"


def check_confirmed(purpose: Purpose, *, given: bool, confirm: bool) -> None:
    """Check that a withdrawal is confirmed. Raises `Rejected` (409 `withdrawal-unconfirmed`) if not, with
    what it would stop."""
    if not given and not confirm:
        raise Rejected(
            f"nothing is withdrawn yet. If it is: {told(purpose, given=False)} Send the same request with "
            "`confirm: true` to withdraw",
            code="withdrawal-unconfirmed",
            status=409,
        )

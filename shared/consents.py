"""What personal data is used for, in the words that notices, acknowledgements and consents share."""

from __future__ import annotations

from enum import StrEnum


class Purpose(StrEnum):
    """One thing that a candidate is told of and can say yes or no to."""

    CAMERA_MONITORING = "camera-monitoring"
    IDENTITY_VERIFICATION = "identity-verification"
    SPEECH_DETECTION = "speech-detection"
    SPEECH_TRANSCRIPTION = "speech-transcription"
    """Recognising what is said: off unless the policy and the candidate both say so."""
    IMPERSONATION_SEARCH = "impersonation-search"
    """Searching one's face among others': no session serves it, and only who said yes is searched."""

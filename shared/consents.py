"""The purposes of personal data, as named in notices, acknowledgements and consents."""

from __future__ import annotations

from enum import StrEnum


class Purpose(StrEnum):
    """A purpose that a candidate is informed of and can accept or refuse."""

    CAMERA_MONITORING = "camera-monitoring"
    IDENTITY_VERIFICATION = "identity-verification"
    SPEECH_DETECTION = "speech-detection"
    SPEECH_TRANSCRIPTION = "speech-transcription"
    """Recognising spoken words: off unless policy and candidate both agree."""
    IMPERSONATION_SEARCH = "impersonation-search"
    """Searching a face among others: never part of a session; only candidates who agreed are searched."""
    FEATURE_LOG = "feature-log"
    """Logging what was measured, for a later classifier: off unless policy and candidate both agree."""


OF_SESSIONS = (Purpose.CAMERA_MONITORING, Purpose.IDENTITY_VERIFICATION, Purpose.SPEECH_DETECTION)
"""The purposes that a session's notice names. The others always need a yes of their own."""

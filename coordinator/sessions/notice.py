"""Writes the notice that a candidate reads and acknowledges before the camera is turned on. Pure.

The text depends on what the session's policy switches on, and promises only what the product does:
`RETENTION` names the code behind each sentence about keeping and deleting. A text with another meaning gets a
new version, because every acknowledgement names the version that it is for.
"""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Final

from coordinator.consents.purposes import purposes_of
from shared.api.links import NoticeOut
from shared.errors import Rejected
from shared.events.table import EVENTS
from shared.events.types import EventType
from shared.policy.schema import Policy
from shared.retention import DAYS

VERSION: Final = "2026-11-30.2"
LANGUAGE: Final = "en"

_VIDEO: Final = (
    "While the exam runs, your camera picture is analysed by software: whether a face is there, whether "
    "there is more than one, and whether the camera works."
)
_GAZE: Final = (
    "Software also estimates which way your head is turned and in which direction your eyes look: whether "
    "it is mostly towards your screen. What you look at is not known."
)
_BODY: Final = (
    "It looks at whether you sit in the picture, whether a hand is at an ear, and whether there is another "
    "person."
)
_THINGS: Final = "It looks for {things} in the picture."
_ALIVE: Final = (
    "It estimates whether the camera sees a person or a picture of one. That estimate is often wrong, for "
    "example in unusual light, and is never enough by itself."
)
_IDENTITY: Final = (
    "Your face is compared about once a second with the pictures you enrolled with. For this a face "
    "template is used: a list of numbers computed from those pictures. That is biometric data."
)
_AUDIO: Final = (
    "Your microphone is listened to by software: whether somebody speaks, whether more than one voice is "
    "heard, and whether there are sounds such as a telephone ringing, a door or a keyboard."
)
_NOT_SAID: Final = "What is said is not recorded and not written down."
_SAID: Final = (
    "What is said is recorded and written down only if you have agreed to speech recognition for this exam. "
    "Then words on a list of your institution are listened for; when one is heard, a few seconds of sound "
    "around it are kept, encrypted, with their text where there is one. People who review can open them "
    "while your exam runs; when it ends, the key is destroyed and nobody can. You may take your agreement "
    "back at any time, and what was kept can no longer be opened from then on. No other sound is stored."
)
_LOGGED: Final = (
    "If you have agreed to that separately, what was measured in each five seconds, such as the direction of "
    "your head, is also logged for developing the software: numbers, without pictures, sound or your name. "
    "The log is encrypted, and it is deleted {features} after the end of your exam. You may take your "
    "agreement back at any time; what was logged is then deleted at once, or, if the law requires that it is "
    "kept, as soon as that has ended, and not used until then."
)
_WHY: Final = (
    "This is done so that everybody sits the exam under the same conditions. Nothing is concluded about "
    "your mood, your character or your health."
)
_KEPT: Final = (
    "Video and sound are analysed on a server of your region and are not stored. While the exam is "
    "paused, nothing is watched or listened to. When something stands out, a short written note is kept, "
    "sometimes with one small still picture. Notes, pictures and your face template are encrypted. After "
    "the end of your exam, pictures are deleted after {evidence} and notes after {alerts}; your face "
    "template is deleted {templates} after your last exam, or, if no exam has used it, when it is no longer "
    "valid. Their keys are destroyed with them, so that no copy can be read. That you took part and what you "
    "agreed to is kept for {records}. While a person reviews a note or decides an appeal, or the law "
    "requires it, what it is about is kept longer; your institution may also delete it earlier."
)
RETENTION: Final[Mapping[str, str]] = MappingProxyType(
    {
        "is also logged for developing": "edge.judging.features:FeatureLog",
        "it is deleted": "coordinator.retention.running:run",
        "is then deleted at once": "coordinator.features.service:forget_all_of",
        "are not stored": "edge.sessions.session:Session",
        "paused, nothing is watched or listened to": "edge.sessions.agreed:senses_of",
        "a short written note is kept": "coordinator.alerts.service:store",
        "pictures are deleted after": "coordinator.retention.running:run",
        "keys are destroyed with them": "coordinator.retention.erasing_service:destroy_keys",
        "is kept for": "coordinator.retention.erasing_service:remove_rows",
        "what it is about is kept longer": "coordinator.retention.planning:plan",
        "delete it earlier": "coordinator.enrollments.service:erase",
        "a few seconds of sound around it are kept": "edge.analysis.phrases:Phrases",
        "when it ends, the key is destroyed": "coordinator.excerpts.service:forget",
        "what was kept can no longer be opened": "coordinator.excerpts.service:forget_all_of",
        "No other sound is stored": "edge.sessions.session:Session",
        "not recorded and not written down": "edge.analysis.ears:asked_to_hear",
        "recorded and written down only if you have agreed": "coordinator.consents.words:speech_opt_in",
    }
)
"""What the notice says about keeping, deleting and pauses, with the code that does it."""
_SEEN: Final = (
    "The people your institution has put in charge of the exam see these notes; nobody else does. "
    "Software decides nothing: a person looks at every note before anything follows from it, and a note "
    "is not an accusation."
)
_RIGHTS: Final = (
    "You may ask your institution what it holds about you, have mistakes corrected, object, or have it "
    "removed, and you may contest any decision. If you do not want to be watched this way, close this "
    "page and ask your institution for another way to sit the exam. You may also withdraw your agreement "
    "to a point below while the exam runs: that part stops at once, your exam goes on, and it is not "
    "held against you. If your camera, your connection or this software fails, that is never held "
    "against you."
)


def notice_for(policy: Policy) -> NoticeOut:
    """The notice for a session under this policy."""
    features = policy.features
    paragraphs = [_VIDEO, *_watched(policy)]
    if features.face_verification:
        paragraphs.append(_IDENTITY)
        if policy.rule(EventType.PRESENTATION_ATTACK).enabled:
            paragraphs.append(_ALIVE)
    if features.audio_monitoring:
        paragraphs += [_AUDIO, _SAID if features.speech_transcription else _NOT_SAID]
    if policy.feature_log:
        paragraphs.append(_with_days(_LOGGED, policy))
    return NoticeOut(
        version=VERSION,
        language=LANGUAGE,
        title="What happens during this exam, and why",
        paragraphs=[*paragraphs, _WHY, _with_days(_KEPT, policy), _SEEN, _RIGHTS],
        purposes=[str(purpose) for purpose in purposes_of(policy)],
    )


def _with_days(text: str, policy: Policy) -> str:
    """Sentences about keeping and deleting, with the days of this policy."""
    days = {kept.value: of(policy.retention) for kept, of in DAYS.items()}
    return text.format(**{name: f"{count} day" + "s" * (count != 1) for name, count in days.items()})


def _watched(policy: Policy) -> list[str]:
    """What is analysed besides the face under this policy."""
    features, said = policy.features, []
    if features.gaze_tracking:
        said.append(_GAZE)
    if features.pose_analysis:
        said.append(_BODY)
    things = [
        row.words.sought for event, row in EVENTS.items() if row.words.sought and policy.rule(event).enabled
    ]
    if things:
        said.append(_THINGS.format(things=" and ".join(things)))
    return said


def check_acknowledged(notice: NoticeOut, version: str, purposes: list[str]) -> None:
    """Raises `Rejected` unless this version was acknowledged for exactly its purposes.

    An old version is 409 `notice-outdated`; a missing or unknown purpose 422 `purposes-differ`.
    """
    if version != notice.version:
        raise Rejected(
            f"the notice now has version {notice.version}; show and acknowledge that one",
            code="notice-outdated",
            status=409,
        )
    missing, unknown = set(notice.purposes) - set(purposes), set(purposes) - set(notice.purposes)
    if missing or unknown:
        wanted = ", ".join(notice.purposes)
        raise Rejected(
            f"body.purposes must name exactly these: {wanted}",
            code="purposes-differ",
            status=422,
            errors=[{"path": "body.purposes", "message": f"must name exactly: {wanted}"}],
        )

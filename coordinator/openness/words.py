"""The sentences of the public notice, in plain English, each with the code that keeps it. Pure.

`KEPT_BY` names the code behind each sentence that promises something; a test holds that it exists and that no
sentence is without one. A text with another meaning gets a new version.
"""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Final

from shared.consents import Purpose
from shared.retention import Kept

VERSION: Final = "2026-12-01.1"
LANGUAGE: Final = "en"

DECIDES: Final = (
    "Software decides nothing. It writes short notes about what stands out, and people look at them.",
    "A note stands against you only when two people have confirmed it, one after the other.",
    "If you contest it, somebody decides who has not judged it before.",
    "Trouble with a camera, a connection, a computer or this software never counts against you.",
)
NEVER: Final = (
    "Nothing is concluded about your mood, your character or your health.",
    "Video and sound are analysed on a server of your region and are not stored, except for the small "
    "pictures and, where you agreed to that, the words named below.",
    "While an exam is paused, nothing is watched or listened to.",
    "Without your separate yes no spoken words are recognised, and your face is not searched for among "
    "others.",
)
LIMITS: Final = (
    "How often the software as a whole notes something in an honest exam: not measured.",
    "How its notes differ between groups of people, apart from the comparison of faces: not measured.",
    "A second person who is shown on a moving screen is not told from one in the room.",
    "An estimate may be wrong, for example in dim light, with a strong light behind you, or far from the "
    "camera. That is why a person looks at each note with its picture, where there is one.",
)
RIGHTS: Final = (
    "You may withdraw your agreement to a purpose while your exam runs, on its page: that part stops at "
    "once, and your exam goes on.",
    "While your exam runs, its page shows what is stored about you, and you may ask there to have it "
    "deleted. Your institution decides, and the page says what became of your request.",
    "You may ask your institution for a copy of everything that is stored about you.",
    "You may ask your institution to correct your identifier if it is wrong.",
    "You may contest a confirmed note through your institution.",
    "You may object to all of this and ask your institution for another way to sit the exam.",
    "You may complain to the data protection authority.",
)
OWED_BY_PEOPLE: Final = frozenset({*LIMITS, *RIGHTS[-2:]})
"""Sentences that no code keeps: what is known to be missing, and what people and authorities do."""
KEPT_BY: Final[Mapping[str, str]] = MappingProxyType(
    {
        DECIDES[0]: "coordinator.reviews.states:decide",
        DECIDES[1]: "coordinator.reviews.states:TABLE",
        DECIDES[2]: "coordinator.reviews.states:decide",
        DECIDES[3]: "shared.alerts:Alert",
        NEVER[0]: "models.manifest:Task",
        NEVER[1]: "edge.sessions.session:Session",
        NEVER[2]: "edge.sessions.session:Session",
        NEVER[3]: "coordinator.consents.words:speech_opt_in",
        RIGHTS[0]: "coordinator.consents.routes:put_consent",
        RIGHTS[1]: "coordinator.privacy.access_routes:get_own_privacy",
        RIGHTS[2]: "coordinator.privacy.access_routes:export_person",
        RIGHTS[3]: "coordinator.privacy.routes:correct_person",
        RIGHTS[4]: "coordinator.reviews.routes:appeal_incident",
    }
)
"""Each sentence that promises something, with the code that does it."""

MEANINGS: Final[Mapping[Purpose, str]] = MappingProxyType(
    {
        Purpose.CAMERA_MONITORING: "Your camera picture is analysed while your exam runs.",
        Purpose.IDENTITY_VERIFICATION: (
            "Your face is compared with the pictures you enrolled with. For this a face template is used, "
            "a list of numbers computed from those pictures. That is biometric data."
        ),
        Purpose.SPEECH_DETECTION: "The sound of your microphone is analysed for speech and kinds of sound.",
        Purpose.SPEECH_TRANSCRIPTION: (
            "Phrases of your exam's list are listened for, and a few seconds around one are kept until "
            "your exam ends."
        ),
        Purpose.FEATURE_LOG: (
            "What was measured in each five seconds of your exam, such as the direction of your head, is "
            "logged, without pictures, sound or your name, to develop the software further."
        ),
        Purpose.IMPERSONATION_SEARCH: (
            "Your enrolled face is searched for among the other enrolled faces of your institution, to find "
            "people who sit exams for others. The result is looked at by a person."
        ),
    }
)
ASKED: Final = "Done only after you have agreed to it; you may withdraw that at any time."
OWN_YES: Final = (
    "Off unless your exam or institution asks for it, and done only with your separate yes, which you may "
    "withdraw at any time."
)
OTHER: Final = "Your institution relies on: {basis}. A withdrawal counts all the same."

KEPT: Final[Mapping[Kept, tuple[str, str]]] = MappingProxyType(
    {
        Kept.EVIDENCE: (
            "The small still pictures of notes",
            "After the end of your exam; then their keys are destroyed.",
        ),
        Kept.ALERTS: (
            "The notes, their reviews, and reports",
            "After the end of your exam; then their keys are destroyed.",
        ),
        Kept.TEMPLATES: (
            "Your face template and the measurements of your enrollment pictures",
            "After your last exam, or, if no exam has used them, when they are no longer valid.",
        ),
        Kept.FEATURES: (
            "The log of what was measured, where your exam asks for it and you agreed to it",
            "After the end of your exam, or until you withdraw; then its keys are destroyed.",
        ),
        Kept.RECORDS: ("That you took an exam, and what you agreed to", "After your last exam."),
    }
)
"""What is kept by days: in words, and from when the days count."""
KEPT_OTHERWISE: Final = (
    (
        "Spoken words and the sound around them, where you agreed to that",
        "Until your exam ends, or you withdraw; then their key is destroyed.",
    ),
    ("Video and sound themselves", "Never stored."),
    (
        "The log of who read or changed something about you",
        "It names you by a random number, which means nothing once you are erased. After a year, where no "
        "other time is set, it moves into an archive; when a year's log has moved, its key is destroyed, and "
        "who acted can no longer be read.",
    ),
    (
        "Your identifier, in a message to a system of your institution that got something about you and must "
        "erase or correct it",
        "Until that system has the message, and no longer than 30 days.",
    ),
    (
        "Copies of the database, where your institution makes them in case it is lost",
        "Some weeks. What is erased meanwhile can no longer be opened in them, but your identifier can be "
        "read; before a copy is used again, it is erased there too.",
    ),
    (
        "What a person is reviewing, what an appeal is about, and what the law requires to be kept",
        "Longer, until that is over.",
    ),
)
KEPT_OTHERWISE_BY: Final = (
    "coordinator.excerpts.service:forget",
    "edge.sessions.session:Session",
    "coordinator.retention.archiving:archive_due",
    "coordinator.deliveries.service:clear",
    "coordinator.backups.planning:going",
    "coordinator.retention.planning:plan",
)
"""The code behind each line of `KEPT_OTHERWISE`."""

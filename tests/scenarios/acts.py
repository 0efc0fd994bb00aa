"""What is staged: each act with what must come of it, and its twin that must stay in peace.

A twin is the same act too short for its rule's hold, or one that only looks alike.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from shared.events.types import EventType as E
from tests.scenarios import staging
from tests.scenarios.heads import Turn
from tests.scenarios.staging import Picture

MOVE_S = 0.8
"""How long it takes to come or go."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Act:
    """One staged behaviour."""

    behaviour: str
    lasts_s: float
    twin_s: float
    """How long its twin lasts; 0: it has none."""
    wanted: tuple[E, ...]
    allowed: tuple[E, ...] = ()
    picture: Picture | None = None
    sound: str | None = None
    """A sound of the library, or "nothing" for digital silence."""
    twin_sound: str | None = None
    twin_words: str = "too briefly"
    """What makes the twin one."""
    twin_allowed: tuple[E, ...] = ()
    """Of the act's own events, those the twin may raise as well."""
    freezes: bool = False
    """The camera sends one picture over and over."""
    settles_s: float = MOVE_S / 2
    """From its beginning until its condition holds."""
    move_s: float = MOVE_S
    """How long it takes to come about and to end."""
    later_s: Mapping[E, float] = field(default_factory=dict)
    """Events whose condition holds so long after that of the others."""
    needs_media: bool = False
    """Only real sound is heard for what it is."""
    needs_hand: bool = False
    """Only a performer with footage of a lifted hand can play it."""


def share(at_s: float, begins_s: float, ends_s: float, move_s: float) -> float:
    """0 outside, 1 well inside, an eased path in the first and last `move_s`."""
    step = min(1.0, max(0.0, min(at_s - begins_s, ends_s - at_s) / move_s))
    return step * step * (3 - 2 * step)


_AWAY = (E.PRESENCE_LOSS, E.HEAD_TURNED_AWAY, E.GAZE_OFF_SCREEN, E.PROLONGED_LOOK_AWAY)
_MOVED = (E.SUSPICIOUS_MOVEMENT,)

ACTS: tuple[Act, ...] = (
    Act(
        behaviour="somebody else takes the seat",
        lasts_s=12,
        twin_s=0,
        wanted=(E.FACE_MISMATCH,),
        allowed=(E.PRESENCE_LOSS, *_MOVED),
        picture=staging.swapped,
    ),
    Act(
        behaviour="a second person",
        lasts_s=9,
        twin_s=2.6,
        wanted=(E.MULTIPLE_FACES,),
        allowed=(E.MULTIPLE_PERSONS, E.PRESENCE_LOSS, *_MOVED),
        picture=staging.beside,
    ),
    Act(
        behaviour="leaving the seat",
        lasts_s=11,
        twin_s=4.5,
        wanted=(E.FACE_NOT_FOUND, E.LEFT_FRAME),
        allowed=(*_AWAY, *_MOVED),
        picture=staging.left,
    ),
    Act(
        behaviour="head turned away",
        lasts_s=10,
        twin_s=4.5,
        wanted=(E.HEAD_TURNED_AWAY,),
        allowed=(E.GAZE_OFF_SCREEN, E.PROLONGED_LOOK_AWAY, E.FACE_NOT_FOUND),
        picture=staging.turning(Turn(yaw_deg=60)),
        move_s=2.0,
        settles_s=1.4,
    ),
    Act(
        behaviour="head down",
        lasts_s=10,
        twin_s=4.5,
        wanted=(E.HEAD_DOWN,),
        allowed=(E.GAZE_OFF_SCREEN, E.PROLONGED_LOOK_AWAY, E.FACE_NOT_FOUND, E.PRESENCE_LOSS),
        picture=staging.turning(Turn(pitch_deg=-48)),
        move_s=2.0,
        settles_s=1.3,
    ),
    Act(
        behaviour="looking aside",
        lasts_s=17,
        twin_s=5.5,
        wanted=(E.GAZE_OFF_SCREEN, E.PROLONGED_LOOK_AWAY),
        picture=staging.looking(head=Turn(yaw_deg=-39), eyes=Turn(yaw_deg=-45)),
        move_s=2.0,
        settles_s=1.0,
    ),
    Act(
        behaviour="telephone in view",
        lasts_s=8,
        twin_s=0,
        wanted=(E.PHONE_VISIBLE,),
        picture=staging.telephone,
    ),
    Act(
        behaviour="hand at the ear",
        lasts_s=9,
        twin_s=2.5,
        wanted=(E.HAND_NEAR_EAR,),
        allowed=(*_MOVED, E.HEAD_TURNED_AWAY, E.GAZE_OFF_SCREEN),
        picture=staging.hand_at_ear,
        needs_hand=True,
    ),
    Act(
        behaviour="printed photograph",
        lasts_s=26,
        twin_s=0,
        wanted=(E.PRESENTATION_ATTACK,),
        allowed=(E.LEFT_FRAME, E.PRESENCE_LOSS, E.FACE_MISMATCH, E.FACE_NOT_FOUND, *_MOVED),
        picture=staging.printed,
        settles_s=MOVE_S,
    ),
    Act(
        behaviour="picture on a screen",
        lasts_s=26,
        twin_s=0,
        wanted=(E.PRESENTATION_ATTACK,),
        allowed=(E.LEFT_FRAME, E.PRESENCE_LOSS, E.FACE_MISMATCH, E.FACE_NOT_FOUND, *_MOVED),
        picture=staging.on_a_screen,
        settles_s=MOVE_S,
    ),
    Act(
        behaviour="a voice",
        lasts_s=8,
        twin_s=1.0,
        wanted=(E.VOICE_DETECTED,),
        allowed=(E.MULTIPLE_SPEAKERS,),
        sound="voice",
        twin_sound="word",
        settles_s=0.3,
    ),
    Act(
        behaviour="a second voice",
        lasts_s=14,
        twin_s=12,
        wanted=(E.MULTIPLE_SPEAKERS, E.VOICE_DETECTED),
        allowed=(),
        sound="voices",
        twin_sound="voice",
        twin_words="one voice alone",
        twin_allowed=(E.VOICE_DETECTED,),
        settles_s=0.3,
        # Two voices are told apart once each has had its turn of three seconds.
        later_s={E.MULTIPLE_SPEAKERS: 6.0},
    ),
    Act(
        behaviour="telephone ringing",
        lasts_s=7,
        twin_s=7,
        wanted=(E.AUDIO_ANOMALY,),
        sound="ring",
        twin_sound="music",
        twin_words="music",
        settles_s=0.2,
    ),
    Act(
        behaviour="typing",
        lasts_s=8,
        twin_s=8,
        wanted=(E.AUDIO_ANOMALY,),
        sound="typing",
        twin_sound="rain",
        twin_words="rain",
        needs_media=True,
        settles_s=0.3,
    ),
    Act(
        behaviour="digital silence",
        lasts_s=15,
        twin_s=7,
        wanted=(E.MICROPHONE_MUTED,),
        sound="nothing",
        twin_sound="nothing",
        settles_s=0.0,
    ),
    Act(
        behaviour="out of focus",
        lasts_s=38,
        twin_s=20,
        wanted=(E.IDENTITY_UNVERIFIED,),
        picture=staging.defocused,
        # Unverified since the last check that passed; there is one a second.
        settles_s=-0.4,
    ),
    Act(
        behaviour="camera blocked",
        lasts_s=8,
        twin_s=2.5,
        wanted=(E.CAMERA_BLOCKED,),
        picture=staging.covered,
    ),
    Act(
        behaviour="camera frozen",
        lasts_s=15,
        twin_s=6,
        wanted=(E.CAMERA_FROZEN,),
        freezes=True,
        settles_s=0.0,
    ),
)

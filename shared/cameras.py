"""Describes a page's camera, and recognises programs that act as a camera by their names. Pure.

A name proves nothing: it can be chosen freely, and most of these programs are used for better light or
another background. So a match is reported once, as a technical remark with the reason and without weight.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

MAX_LABEL_CHARS: Final = 256
SHOWN_CHARS: Final = 100
"""The most characters of a label that the remark shows."""

_COMPOSED: Final = "a program that can mix videos, images and screens into the camera's picture"
_ALTERED: Final = "a program that changes the camera's picture, such as its background or face"
_PHONE: Final = "a program that shows a phone's camera, videos or screen as this computer's camera"
_DRIVER: Final = "a driver without a real camera, through which any program can send a picture"
_SCREEN: Final = "the page sends a screen or window instead"

PROGRAMS: Final[tuple[tuple[str, str], ...]] = (
    ("obs virtual", _COMPOSED),
    ("obs-camera", _COMPOSED),
    ("manycam", _COMPOSED),
    ("splitcam", _COMPOSED),
    ("xsplit", _COMPOSED),
    ("wirecast", _COMPOSED),
    ("vmix", _COMPOSED),
    ("camtwist", _COMPOSED),
    ("webcamoid", _COMPOSED),
    ("ecamm", _COMPOSED),
    ("mmhmm", _COMPOSED),
    ("ndi video", _COMPOSED),
    ("ndi webcam", _COMPOSED),
    ("prism live", _COMPOSED),
    ("snap camera", _ALTERED),
    ("youcam", _ALTERED),
    ("nvidia broadcast", _ALTERED),
    ("avatarify", _ALTERED),
    ("deeplive", _ALTERED),
    ("chromacam", _ALTERED),
    ("facerig", _ALTERED),
    ("animaze", _ALTERED),
    ("droidcam", _PHONE),
    ("epoccam", _PHONE),
    ("iriun", _PHONE),
    ("ivcam", _PHONE),
    ("reincubate camo", _PHONE),
    ("v4l2loopback", _DRIVER),
    ("dummy video device", _DRIVER),
    ("e2esoft", _DRIVER),
    ("altercam", _DRIVER),
    ("unity video capture", _DRIVER),
    ("akvirtualcamera", _DRIVER),
    ("softcam", _DRIVER),
    ("virtual cam", _DRIVER),
)
"""Parts of labels in lower case, each with what it means. The first part that the label contains is
reported."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Camera:
    """A video track, as its page describes it."""

    label: str
    """The name that the system gives the camera."""
    width_px: float | None = None
    height_px: float | None = None
    frames_per_second: float | None = None
    display_surface: str | None = None
    """Set by the browser if the track is a screen, window or tab instead of a camera."""

    @property
    def shown(self) -> str:
        """The label without unprintable characters, shortened for the remark."""
        return "".join(each for each in self.label if each.isprintable())[:SHOWN_CHARS]


def program_of(camera: Camera) -> str | None:
    """Why the picture may come from a program; None if there is no sign of it."""
    if camera.display_surface:
        return _SCREEN
    label = camera.label.casefold()
    return next((reason for part, reason in PROGRAMS if part in label), None)

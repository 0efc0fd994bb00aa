"""Re-encodes pictures from outside, so that they are harmless before anything else uses them.

Each is decoded once, if the number of pixels in its header is within the limit; turned upright; scaled to at
most 1,280 pixels on its longer side; stripped of everything except its pixels (EXIF with place and camera,
profiles, comments, further frames) and written again as JPEG, small enough for one sealed command.
"""

from __future__ import annotations

import binascii
import io
from typing import Final

from PIL import Image, ImageOps, UnidentifiedImageError

from shared.errors import Rejected
from shared.messages.faces import MAX_PICTURE_BYTES

MAX_INPUT_BYTES: Final = 4_194_304
MAX_PIXELS: Final = 50_000_000
"""The largest usual picture of a telephone. Beyond it, a small file may decode to gigabytes."""
MAX_SIDE_PX: Final = 1_280
FORMATS: Final = ("JPEG", "PNG", "WEBP")
_QUALITIES: Final = (92, 85, 75, 60, 45)
"""Tried in turn until the picture is small enough."""


def decode_base64(text: str) -> bytes:
    """The bytes of one picture's text. Raises `Rejected` (422) if it is not base64, empty or too large."""
    try:
        data = binascii.a2b_base64(text, strict_mode=True)
    except (binascii.Error, ValueError) as error:
        raise _rejected(
            "picture-not-base64", "send the file's bytes in base64, without a data: prefix"
        ) from error
    if not data:
        raise _rejected("picture-empty", "the picture has no bytes; take it again")
    if len(data) > MAX_INPUT_BYTES:
        raise _rejected(
            "picture-too-large", f"the picture exceeds {MAX_INPUT_BYTES} bytes; send a smaller one"
        )
    return data


def reencode(data: bytes) -> bytes:
    """The same picture as an upright, plain JPEG of at most 1,280 px and `MAX_PICTURE_BYTES`.

    Takes some tens of milliseconds: call it in a thread. Raises `Rejected` (422) with the code
    `picture-unreadable`, `picture-too-many-pixels` or `picture-too-large`.
    """
    try:
        with Image.open(io.BytesIO(data), formats=FORMATS) as opened:
            return _encode(_decode(opened))
    except (Image.DecompressionBombError, Image.DecompressionBombWarning) as error:
        raise _too_many_pixels() from error  # Pillow's own limits are higher; at the lower one it only warns
    except (UnidentifiedImageError, OSError, SyntaxError, ValueError, ArithmeticError, EOFError) as error:
        raise _rejected(
            "picture-unreadable", "the file is not a complete JPEG, PNG or WebP picture; take it again"
        ) from error


def _decode(opened: Image.Image) -> Image.Image:
    if opened.width * opened.height > MAX_PIXELS:
        raise _too_many_pixels()
    opened.draft("RGB", (MAX_SIDE_PX, MAX_SIDE_PX))  # a large JPEG is decoded at a fraction of its size
    upright = ImageOps.exif_transpose(opened)
    if upright.mode in ("RGBA", "LA", "PA") or "transparency" in upright.info:
        with_alpha = upright.convert("RGBA")
        upright = Image.new("RGBA", with_alpha.size, "white")
        upright.alpha_composite(with_alpha)
    picture = upright.convert("RGB")
    picture.thumbnail((MAX_SIDE_PX, MAX_SIDE_PX), Image.Resampling.LANCZOS)
    return picture


def _encode(picture: Image.Image) -> bytes:
    plain = Image.frombytes("RGB", picture.size, picture.tobytes())  # pixels only: no profile, no comment
    for quality in _QUALITIES:
        out = io.BytesIO()
        plain.save(out, "JPEG", quality=quality)
        if out.tell() <= MAX_PICTURE_BYTES:
            return out.getvalue()
    raise _rejected("picture-too-large", f"the picture cannot be brought below {MAX_PICTURE_BYTES} bytes")


def _too_many_pixels() -> Rejected:
    return _rejected(
        "picture-too-many-pixels", f"the picture has more than {MAX_PIXELS:,} pixels; send a smaller one"
    )


def _rejected(code: str, message: str) -> Rejected:
    return Rejected(message, code=code, status=422)

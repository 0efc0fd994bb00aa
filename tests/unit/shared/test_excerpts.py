"""What was said opens with its session's key, for its own alert, and with nothing else."""

from __future__ import annotations

import base64
from uuid import UUID

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from shared.errors import Corrupt
from shared.excerpts import (
    MAX_CLIP_BYTES,
    MAX_SEALED_CHARS,
    Excerpt,
    ExcerptHeader,
    open_excerpt,
    seal_excerpt,
)
from shared.sealing import new_sealing_key

SIGNING = Ed25519PrivateKey.generate()
KEY = new_sealing_key()
HEADER = ExcerptHeader(alert_id=UUID(int=1), session_id=UUID(int=2), key_id=UUID(int=3))


def excerpt(clip_bytes: int = 300) -> Excerpt:
    clip = base64.b64encode(bytes(clip_bytes)).decode()
    return Excerpt(phrases=("what is the answer",), text="so what is the answer", duration_s=8.2, clip=clip)


def sealed(clip_bytes: int = 300) -> str:
    return seal_excerpt(excerpt(clip_bytes), HEADER, SIGNING, KEY.public_key())


def test_an_excerpt_comes_out_as_it_went_in_and_says_nothing_in_between() -> None:
    text = sealed()
    assert open_excerpt(text, HEADER, KEY) == excerpt()
    assert b"answer" not in base64.b64decode(text)


def test_another_key_opens_nothing() -> None:
    with pytest.raises(Corrupt):
        open_excerpt(sealed(), HEADER, new_sealing_key())


@pytest.mark.parametrize("field", ["alert_id", "session_id", "key_id"])
def test_it_cannot_be_put_into_another_alert_or_session(field: str) -> None:
    with pytest.raises(Corrupt, match="another"):
        open_excerpt(sealed(), HEADER.model_copy(update={field: UUID(int=9)}), KEY)


@pytest.mark.parametrize("text", ["", "?", "UEUxCg==", "A" * 100])
def test_what_is_no_sealed_excerpt_is_refused(text: str) -> None:
    with pytest.raises(Corrupt):
        open_excerpt(text, HEADER, KEY)


def test_the_longest_clip_fits_into_an_alert() -> None:
    assert len(sealed(MAX_CLIP_BYTES)) <= MAX_SEALED_CHARS

"""Enrolls a candidate: from the best of the pictures that pass the gate it makes one template per
recogniser."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from itertools import combinations
from pathlib import Path
from typing import Any
from uuid import UUID, uuid4, uuid5

import cv2
import numpy as np
from numpy.typing import NDArray

from edge.analysis.engine import Engine
from edge.analysis.examination import (
    Enrolled,
    Examined,
    Frame,
    examine,
    face_picture,
    failed_checks,
)
from edge.analysis.networks import Networks
from models.results import Embedding
from shared.enrollment import best_pictures, bytes_of, mean_templates
from shared.errors import Rejected
from shared.messages.comparing import AGREE
from shared.messages.faces import EnrolledPicture, Template, encode_vector
from shared.policy.terms import Gate

MAX_SIDE_PX = 1_280
"""Larger pictures are scaled down first, as the coordinator does before sending."""
MAX_PICTURE_BYTES = 16 * 1024 * 1024
MAX_PICTURE_PIXELS = 100_000_000
BEGINNINGS = (b"\xff\xd8\xff", b"\x89PNG\r\n\x1a\n", b"RIFF")
"""First bytes of the files that are accepted, here as by the coordinator: JPEG, PNG, WebP."""


@dataclass(frozen=True, slots=True)
class Portrait:
    """An enrollment picture, decoded."""

    name: str
    frame: Frame


def decode_picture(data: bytes, name: str) -> Portrait:
    """Decode a picture file: turned upright, scaled down to at most 1,280 px, with transparent parts in
    white.

    Raises `Rejected`: 422 when it is not a JPEG, PNG or WebP picture, 413 when it is too large.
    """
    if len(data) > MAX_PICTURE_BYTES:
        raise Rejected(f"{name}: larger than {MAX_PICTURE_BYTES} bytes", code="too-large", status=413)
    if data and not any(data.startswith(begins) for begins in BEGINNINGS):
        raise Rejected(
            f"{name}: not a picture in JPEG, PNG or WebP format",
            code="not-a-picture",
            status=422,
        )
    frame = _decoded(data)
    if frame is None or frame.size == 0:
        raise Rejected(f"{name}: damaged, or not a picture", code="not-a-picture", status=422)
    if frame.shape[0] * frame.shape[1] > MAX_PICTURE_PIXELS:
        raise Rejected(f"{name}: more than {MAX_PICTURE_PIXELS} pixels", code="too-large", status=413)
    scale = MAX_SIDE_PX / max(frame.shape[:2])
    if scale < 1:
        size_px = (round(frame.shape[1] * scale), round(frame.shape[0] * scale))
        frame = cv2.resize(frame, size_px, interpolation=cv2.INTER_AREA).astype(np.uint8, copy=False)
    return Portrait(name, frame)


def read_picture(path: Path) -> Portrait:
    """Read a picture file. Raises `Rejected` (422) when it cannot be read."""
    try:
        data = path.read_bytes() if path.stat().st_size <= MAX_PICTURE_BYTES else b""
    except OSError as error:
        raise Rejected(f"{path.name}: {error.strerror}", code="unreadable", status=422) from error
    return decode_picture(data, path.name)


async def enroll(
    pictures: Sequence[Portrait], networks: Networks, engine: Engine, gate: Gate, owner: UUID
) -> Mapping[str, Enrolled]:
    """Make one template per recogniser from the best three pictures. Returns them by recogniser, with ids
    derived from `owner`.

    Raises `Rejected` (422) when a picture fails the gate, with value, bound and advice of every failed check,
    or when two pictures seem to show different people, with the names of the two that differ most. Raises
    `Unavailable` when the networks could not run.
    """
    examined = []
    for picture in pictures:
        one = await engine.run("enrollment", partial(examine, networks, picture.frame, gate))
        examined.append(one)
    problems = [
        f"{picture.name}: {failure.check.value} is {failure.value:.1f}, "
        f"needed {failure.bound}: {failure.remedy}"
        for picture, one in zip(pictures, examined, strict=True)
        for failure in one.failed
    ]
    if problems:
        raise Rejected("; ".join(problems), code="picture-refused", status=422)
    _check_one_person(pictures, examined, networks)
    best = best_pictures([_score(one) for one in examined])
    means = mean_templates(
        [{e.recogniser: e.vector.tolist() for e in examined[index].embeddings} for index in best]
    )
    return {
        name: Enrolled(uuid5(owner, name), Embedding(name, np.array(mean, np.float32)))
        for name, mean in means.items()
    }


def _check_one_person(pictures: Sequence[Portrait], examined: Sequence[Examined], networks: Networks) -> None:
    running = {recogniser.name: recogniser for recogniser in networks.recognisers}
    found = [
        (running[mine.recogniser].similarity(mine, other), one, two)
        for one, two in combinations(range(len(examined)), 2)
        for mine in examined[one].embeddings
        for other in examined[two].embeddings
        if mine.recogniser == other.recogniser
    ]
    similarity, one, two = min(found, default=(1.0, 0, 0))
    if similarity < AGREE:
        raise Rejected(
            f"{pictures[one].name} and {pictures[two].name} do not seem to show the same person: similarity "
            f"{similarity:.2f}, needed {AGREE}",
            code="pictures-disagree",
            status=422,
        )


def enrolled_picture(examined: Examined) -> EnrolledPicture:
    """The reply to an `enroll` command about one picture."""
    templates = tuple(
        Template(
            embedding_id=uuid4(),
            recogniser=embedding.recogniser,
            vector=encode_vector(bytes_of(embedding.vector.tolist())),
        )
        for embedding in examined.embeddings
    )
    return EnrolledPicture(
        faces=examined.faces,
        face=face_picture(examined),
        failed=failed_checks(examined),
        templates=templates,
    )


def _decoded(data: bytes) -> Frame | None:
    if not data:
        return None
    packed = np.frombuffer(data, np.uint8)
    try:
        frame = cv2.imdecode(packed, cv2.IMREAD_COLOR)
        whole = cv2.imdecode(packed, cv2.IMREAD_UNCHANGED)
    except cv2.error:
        return None
    if frame is None or whole is None:
        return None
    if whole.ndim == 3 and whole.shape[2] == 4:
        return _on_white(whole / np.float32(257 if whole.dtype == np.uint16 else 1))
    return frame.astype(np.uint8, copy=False)


def _on_white(pixels: NDArray[Any]) -> Frame:
    """The picture on white, from BGRA pixels: colours in transparent parts, which nobody sees, must not
    enroll."""
    share = pixels[:, :, 3:] / 255
    return np.asarray(pixels[:, :, :3] * share + 255 * (1 - share), np.uint8)


def _score(examined: Examined) -> float:
    return 0.0 if examined.quality is None else examined.quality.score

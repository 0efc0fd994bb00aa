"""Reads a folder of people: their pictures, the faces in them, and their groups."""

from __future__ import annotations

import csv
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np

from models.images import Image
from models.quality import Needed, Quality, failures, measure
from models.results import Mesh
from models.serving import Serving
from models.store import digest
from shared.errors import ConfigError
from shared.policy.terms import ENROLLMENT_GATE, VERIFICATION_GATE

LIT = 40.0
"""Mean grey of a face; `dimming` measures recognisers in less light."""
LONGEST_PX = 1280
"""Larger pictures are shrunk first, as in enrollment."""


def pictures(folder: Path) -> Iterator[tuple[Path, Image]]:
    """Every readable picture one level below `folder`, once each; unreadable files are named on stderr.

    Raises ValueError if two people have the same file: it cannot show both.
    """
    owners: dict[str, Path] = {}
    for path in sorted(path for path in folder.glob("*/*") if path.is_file()):
        first = owners.setdefault(digest(path), path)
        if first.parent != path.parent:
            raise ValueError(f"{path} is the same file as {first}: two people cannot share a picture")
        picture = _read(path) if first == path else None
        if picture is not None:
            yield path, picture


def _read(path: Path) -> Image | None:
    try:
        if (picture := cv2.imread(str(path))) is not None:
            shrink = LONGEST_PX / max(picture.shape[:2])
            if shrink < 1:
                picture = cv2.resize(picture, None, fx=shrink, fy=shrink, interpolation=cv2.INTER_AREA)
            return picture.astype(np.uint8, copy=False)
    except cv2.error:
        # More pixels than OpenCV accepts.
        pass
    sys.stderr.write(f"{path} is left out: it cannot be read as a picture\n")
    return None


@dataclass(frozen=True, slots=True)
class Fitted:
    """One picture's largest face."""

    person: str
    original: str
    """The picture of which this is a shot."""
    shot: bool
    """Whether it is another shot of it."""
    enrollable: bool
    """Whether it passes the enrollment gate; it always passes the verification gate."""
    picture: Image
    mesh: Mesh


def meshes(folder: Path, serving: Serving) -> Iterator[Fitted]:
    """The pictures that pass the verification gate, in enough light for any recogniser.

    Others are not compared in an exam either. Several faces in a picture are allowed here.
    """
    for path, picture in pictures(folder):
        found = look(picture, serving)
        if found is not None and not failures(found[1], VERIFICATION_GATE, Needed(LIT)):
            original, *shot = path.stem.split("~")
            enrollable = not failures(found[1], ENROLLMENT_GATE)
            yield Fitted(path.parent.name, original, bool(shot), enrollable, picture, found[0])


def look(picture: Image, serving: Serving) -> tuple[Mesh, Quality] | None:
    """The mesh and the quality of a picture's largest face; None if there is no face."""
    faces = sorted(serving.face_detector().find(picture), key=lambda face: face.box.area_px2)
    if not faces:
        return None
    mesh = faces[-1].mesh or serving.face_mesh().fit(picture, faces[-1])
    return mesh, measure(picture, (faces[-1],), serving.head_pose().head(picture, faces[-1], mesh))


def groups_of(folder: Path) -> dict[str, str]:
    """The group of each person in groups.csv. Raises ConfigError if a column is missing."""
    table = folder / "groups.csv"
    if not table.is_file():
        return {}
    with table.open(encoding="utf-8-sig", newline="") as lines:
        rows = list(csv.DictReader(lines))
    if any(not row.get("name") or not row.get("group") for row in rows):
        raise ConfigError(f"{table.name}: each line needs a name and a group")
    return {row["name"].strip(): row["group"].strip() for row in rows}

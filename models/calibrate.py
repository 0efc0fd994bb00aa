"""Prints a recogniser's calibration, for the manifest: `python -m models.calibrate FOLDER [NAME…]`.

FOLDER holds one folder per person, each with one or more pictures of that person (the largest face counts).
Every picture that passes the verification gate is compared with every other.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import combinations
from pathlib import Path

import cv2
import numpy as np

from models.images import Image
from models.manifest import Profile
from models.quality import VERIFICATION, failures, measure
from models.recognition import Recogniser
from models.results import Embedding, Mesh
from models.serving import Serving
from models.similarity import ACCEPTED, Similarity, calibrated
from models.store import Store

LONGEST_PX = 1280
"""Larger pictures are shrunk first, as enrollment does."""


@dataclass(frozen=True, slots=True)
class Pairs:
    """Native scores of every pair of pictures."""

    same: tuple[float, ...]
    different: tuple[float, ...]


def pictures(folder: Path) -> Iterator[tuple[str, Image]]:
    """Person and picture, for every readable picture one level below `folder`."""
    for path in sorted(folder.glob("*/*")):
        picture = cv2.imread(str(path))
        if picture is None:
            continue
        shrink = LONGEST_PX / max(picture.shape[:2])
        if shrink < 1:
            picture = cv2.resize(picture, None, fx=shrink, fy=shrink, interpolation=cv2.INTER_AREA)
        yield path.parent.name, picture.astype(np.uint8, copy=False)


def meshes(folder: Path, serving: Serving) -> Iterator[tuple[str, Image, Mesh]]:
    """Person, picture and the mesh of its largest face, for pictures that pass the verification gate.

    Others are never compared in an exam either; several faces in a picture are no objection here.
    """
    find, mesh, pose = serving.face_detector().find, serving.face_mesh(), serving.head_pose()
    for person, picture in pictures(folder):
        faces = sorted(find(picture), key=lambda face: face.box.area_px2)
        if not faces:
            continue
        fitted = faces[-1].mesh or mesh.fit(picture, faces[-1])
        quality = measure(picture, (faces[-1],), pose.head(picture, faces[-1], fitted))
        if not failures(quality, VERIFICATION):
            yield person, picture, fitted


def compare(recogniser: Recogniser, seen: Iterable[tuple[str, Image, Mesh]]) -> Pairs:
    """Every picture against every other."""
    known: list[tuple[str, Embedding]] = [
        (who, recogniser.embed(picture, mesh)) for who, picture, mesh in seen
    ]
    same: list[float] = []
    different: list[float] = []
    for (one, first), (other, second) in combinations(known, 2):
        (same if one == other else different).append(recogniser.native_score(first, second))
    return Pairs(tuple(same), tuple(different))


def report(name: str, alignment: str, pairs: Pairs, similarity: Similarity) -> str:
    """The manifest's lines, with what the calibration makes of the pairs it came from."""
    missed = sum(similarity.of(score) < ACCEPTED for score in pairs.same)
    knots = ", ".join(f"[{score}, {value:.2f}]" for score, value in similarity.knots)
    same, different = np.array(pairs.same), np.array(pairs.different)
    apart = (same.mean() - different.mean()) / np.sqrt((same.var() + different.var()) / 2)
    return (
        f"# {name}: same {same.min():.3f} … {same.max():.3f}, different {different.min():.3f} … "
        f"{different.max():.3f}, d' {apart:.1f}, {missed} of {same.size} same pairs below {ACCEPTED}\n"
        f'calibration = {{ alignment = "{alignment}", same_pairs = {same.size}, '
        f"different_pairs = {different.size}, knots = [{knots}] }}\n"
    )


def main(arguments: Sequence[str] | None = None) -> int:
    """The command."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", type=Path)
    parser.add_argument("names", nargs="*", help="recognisers of the manifest; default all that are present")
    options = parser.parse_args(arguments)
    serving = Serving(Store.here(), Profile.RESEARCH)
    seen = list(meshes(options.folder, serving))
    for entry, recogniser in serving.uncalibrated():
        if options.names and entry.name not in options.names:
            continue
        pairs = compare(recogniser, seen)
        try:
            similarity = calibrated(pairs.same, pairs.different, recogniser.perfect)
        except ValueError as error:
            sys.stderr.write(f"{entry.name}: {error}\n")
            return 2
        sys.stdout.write(report(entry.name, recogniser.alignment, pairs, similarity))
    return 0


if __name__ == "__main__":
    sys.exit(main())

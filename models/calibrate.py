"""Computes recognisers' calibrations and stores them: `python -m models.calibrate FOLDER [NAME…] [--store]`.

FOLDER holds one folder per person, each with one or more pictures of that person (the largest face counts);
`a~1.jpg` and `a~2.jpg` are shots of one picture and not compared. As in an exam one picture of a pair could
have been enrolled and the other passes the verification gate: two pictures of which neither could be enrolled
never meet. What is no picture is left out and named; the same file twice counts once, and under two names it
is refused. `--store` writes all that were asked for or nothing.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import combinations
from pathlib import Path

import cv2
import numpy as np

from models.images import Image
from models.manifest import Profile
from models.quality import ENROLLMENT, VERIFICATION, failures, measure
from models.recognition import Recogniser
from models.results import Embedding, Mesh
from models.serving import Serving
from models.similarity import ACCEPTED, Similarity, calibrated
from models.store import Store, digest
from shared.errors import ConfigError, ProctorError, Unavailable

MANIFEST = Path(__file__).with_name("manifest.toml")
LONGEST_PX = 1280
"""Larger pictures are shrunk first, as enrollment does."""


@dataclass(frozen=True, slots=True)
class Pairs:
    """Native scores of every pair of pictures."""

    same: tuple[float, ...]
    different: tuple[float, ...]


def pictures(folder: Path) -> Iterator[tuple[Path, Image]]:
    """Every readable picture one level below `folder`, each once; what is none is named on stderr.

    Raises ValueError where two people have the same file: one of them is somebody else.
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
        # More pixels than OpenCV takes.
        pass
    sys.stderr.write(f"{path} is left out: it is no picture that can be read\n")
    return None


@dataclass(frozen=True, slots=True)
class Fitted:
    """One picture's largest face."""

    person: str
    original: str
    """The picture that this is a shot of."""
    enrollable: bool
    """Whether it passes the enrollment gate; it does pass the verification gate."""
    picture: Image
    mesh: Mesh


def meshes(folder: Path, serving: Serving) -> Iterator[Fitted]:
    """The pictures that pass the verification gate.

    Others are never compared in an exam either; several faces in a picture are no objection here.
    """
    find, mesh, pose = serving.face_detector().find, serving.face_mesh(), serving.head_pose()
    for path, picture in pictures(folder):
        faces = sorted(find(picture), key=lambda face: face.box.area_px2)
        if not faces:
            continue
        fitted = faces[-1].mesh or mesh.fit(picture, faces[-1])
        quality = measure(picture, (faces[-1],), pose.head(picture, faces[-1], fitted))
        if not failures(quality, VERIFICATION):
            enrollable = not failures(quality, ENROLLMENT)
            yield Fitted(path.parent.name, path.stem.split("~")[0], enrollable, picture, fitted)


def compare(recogniser: Recogniser, seen: Iterable[Fitted]) -> Pairs:
    """Every picture that could be enrolled against every other, but for shots of the same one."""
    known: list[tuple[Fitted, Embedding]] = [
        (each, recogniser.embed(each.picture, each.mesh)) for each in seen
    ]
    same: list[float] = []
    different: list[float] = []
    for (one, first), (other, second) in combinations(known, 2):
        alike = one.person == other.person
        if (one.enrollable or other.enrollable) and not (alike and one.original == other.original):
            (same if alike else different).append(recogniser.native_score(first, second))
    return Pairs(tuple(same), tuple(different))


def report(name: str, pairs: Pairs, similarity: Similarity) -> str:
    """What a calibration makes of the pairs it came from, in one line."""
    missed = sum(similarity.of(score) < ACCEPTED for score in pairs.same)
    mistaken = sum(similarity.of(score) >= ACCEPTED for score in pairs.different)
    same, different = np.array(pairs.same), np.array(pairs.different)
    apart = (same.mean() - different.mean()) / np.sqrt((same.var() + different.var()) / 2)
    return (
        f"{name}: same {same.min():.3f} … {same.max():.3f}, different {different.min():.3f} … "
        f"{different.max():.3f}, d' {apart:.1f}, {missed} of {same.size} same pairs below {ACCEPTED}, "
        f"{mistaken} of {different.size} different pairs not"
    )


def manifest_line(alignment: str, pairs: Pairs, similarity: Similarity) -> str:
    """The calibration as the manifest holds it."""
    knots = ", ".join(f"[{score}, {value:.2f}]" for score, value in similarity.knots)
    return (
        f'calibration = {{ alignment = "{alignment}", same_pairs = {len(pairs.same)}, '
        f"different_pairs = {len(pairs.different)}, knots = [{knots}] }}"
    )


def with_calibration(manifest: str, name: str, line: str) -> str:
    """The manifest's text with one network's calibration replaced, or added below its `input`.

    Raises ValueError where the network, or its `input`, is not in the text.
    """
    blocks = manifest.split("[[network]]\n")
    for number, block in enumerate(blocks):
        lines = block.split("\n")
        if number == 0 or f'name = "{name}"' not in lines:
            continue
        kept = [each for each in lines if not each.startswith("calibration = ")]
        below = next((at for at, each in enumerate(kept, 1) if each.startswith("input = ")), None)
        if below is None:
            raise ValueError(f"{name} has no input in the manifest")
        blocks[number] = "\n".join([*kept[:below], line, *kept[below:]])
        return "[[network]]\n".join(blocks)
    raise ValueError(f"{name} is not in the manifest")


def main(arguments: Sequence[str] | None = None) -> int:
    """The command."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", type=Path)
    parser.add_argument("names", nargs="*", help="recognisers of the manifest; default all that are present")
    parser.add_argument("--store", action="store_true", help="write them into models/manifest.toml")
    options = parser.parse_args(arguments)
    try:
        lines = calibrations(options.folder, options.names)
        if options.store:
            store(lines)
    except (ValueError, ProctorError) as error:
        sys.stderr.write(f"{error}\n")
        return 2
    return 0


def calibrations(folder: Path, names: Sequence[str]) -> dict[str, str]:
    """The manifest's line for each recogniser asked for, by name; printed as they are found.

    Raises ConfigError and Unavailable (nobody to calibrate), ValueError (nothing to calibrate on).
    """
    if not folder.is_dir():
        raise ConfigError(f"{folder} is no folder of people")
    serving = Serving(Store.here(), Profile.RESEARCH)
    present = {entry.name: recogniser for entry, recogniser in serving.uncalibrated()}
    if lacking := [name for name in names if name not in present]:
        raise ConfigError(f"no recogniser that is present is called {', '.join(lacking)}")
    if not present:
        raise Unavailable("no recogniser is present: run `proctorctl models fetch --task face-recognition`")
    seen = list(meshes(folder, serving))
    lines = {}
    for name in names or present:
        pairs = compare(present[name], seen)
        try:
            similarity = calibrated(pairs.same, pairs.different, present[name].perfect)
        except ValueError as error:
            raise ValueError(f"{name}: {error}") from error
        lines[name] = manifest_line(present[name].alignment, pairs, similarity)
        sys.stdout.write(f"# {report(name, pairs, similarity)}\n{lines[name]}\n")
    return lines


def store(lines: Mapping[str, str]) -> None:
    """Write calibrations into the manifest in one step."""
    text = MANIFEST.read_text("utf-8")
    for name, line in lines.items():
        text = with_calibration(text, name, line)
    part = MANIFEST.with_suffix(".part")
    part.write_text(text, "utf-8")
    part.replace(MANIFEST)


if __name__ == "__main__":
    sys.exit(main())

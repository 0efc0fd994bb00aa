"""Computes recognisers' calibrations and stores them: `python -m models.calibrate FOLDER [NAME…] [--store]`.

FOLDER holds one folder per person, each with one or more pictures of that person (the largest face counts);
`a~1.jpg` and `a~2.jpg` are shots of one picture and are not compared. As in an exam, one picture of a pair
passes the enrollment gate and the other the verification gate; two pictures that both fail the enrollment
gate are not compared. Files that are not pictures are left out and named. A file that occurs twice counts
once; a file under two people is refused. `--store` writes all results or none.

A table groups.csv in FOLDER (columns `name` and `group`) assigns people to groups: strangers of one group are
then also reported separately, and the group that a recogniser separates worst sets its operating point.
`--dim` and `--blur` report instead how the calibrated recognisers perform in less and less light, and less
and less in focus: the manifest's `min_brightness` and `min_sharpness`. `--gates` reports what the gates
refuse, by light, size of the face and group.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import replace
from itertools import combinations
from pathlib import Path

from models import blurring, dimming, gating
from models.calibration import Pairs, calibrate, manifest_line, report, with_calibration
from models.manifest import Profile
from models.people import Fitted, groups_of, meshes
from models.recognition import Recogniser
from models.results import Embedding
from models.serving import Serving
from models.store import Store
from shared.errors import ConfigError, ProctorError, Unavailable

MANIFEST = Path(__file__).with_name("manifest.toml")


def compare(recogniser: Recogniser, seen: Iterable[Fitted], groups: Mapping[str, str] | None = None) -> Pairs:
    """Compare every enrollable picture with every other except shots of the same one, overall and within each
    group of people."""
    known: list[tuple[Fitted, Embedding]] = [
        (each, recogniser.embed(each.picture, each.mesh)) for each in seen
    ]
    scores: list[tuple[str, str, float]] = []
    for (one, first), (other, second) in combinations(known, 2):
        shots = (one.person, one.original) == (other.person, other.original)
        if (one.enrollable or other.enrollable) and not shots:
            scores.append((one.person, other.person, recogniser.native_score(first, second)))
    named = groups or {}
    within = {
        group: _pairs(each for each in scores if named.get(each[0]) == group == named.get(each[1]))
        for group in sorted(set(named.values()))
    }
    return replace(_pairs(scores), groups=within)


def _pairs(scores: Iterable[tuple[str, str, float]]) -> Pairs:
    kept = list(scores)
    return Pairs(
        tuple(score for one, other, score in kept if one == other),
        tuple(score for one, other, score in kept if one != other),
    )


def main(arguments: Sequence[str] | None = None) -> int:
    """The command."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", type=Path)
    parser.add_argument("names", nargs="*", help="recognisers of the manifest; default all that are present")
    parser.add_argument("--store", action="store_true", help="write them into models/manifest.toml")
    parser.add_argument("--dim", action="store_true", help="measure them in dim light, change nothing")
    parser.add_argument("--blur", action="store_true", help="measure them out of focus, change nothing")
    parser.add_argument("--gates", action="store_true", help="measure what the gates refuse, change nothing")
    options = parser.parse_args(arguments)
    try:
        if options.gates:
            refusals(options.folder)
            return 0
        if options.dim:
            worsened(options.folder, dimming.LEVELS, dimming.darker)
            return 0
        if options.blur:
            worsened(options.folder, blurring.LEVELS, blurring.softer)
            return 0
        lines = calibrations(options.folder, options.names)
        if options.store:
            store(lines)
    except (ValueError, ProctorError) as error:
        sys.stderr.write(f"{error}\n")
        return 2
    return 0


def calibrations(folder: Path, names: Sequence[str]) -> dict[str, str]:
    """The manifest's line for each requested recogniser, by name; each is printed when it is found.

    Raises ConfigError and Unavailable (no recogniser to calibrate), ValueError (no usable pictures).
    """
    if not folder.is_dir():
        raise ConfigError(f"{folder} is not a folder of people")
    serving = Serving(Store.here(), Profile.RESEARCH)
    present = {entry.name: recogniser for entry, recogniser in serving.uncalibrated()}
    if lacking := [name for name in names if name not in present]:
        raise ConfigError(f"no installed recogniser is called {', '.join(lacking)}")
    if not present:
        raise Unavailable("no recogniser is installed: run `proctorctl models fetch --task face-recognition`")
    seen, groups = list(meshes(folder, serving)), groups_of(folder)
    lines = {}
    for name in names or present:
        pairs = compare(present[name], seen, groups)
        try:
            found = calibrate(pairs, present[name].perfect)
        except ValueError as error:
            raise ValueError(f"{name}: {error}") from error
        lines[name] = manifest_line(present[name].alignment, pairs, found)
        sys.stdout.write("".join(f"# {line}\n" for line in report(name, pairs, found).splitlines()))
        sys.stdout.write(f"{lines[name]}\n")
    return lines


def worsened(
    folder: Path, levels: Sequence[float], worse: Callable[[Fitted, float, Serving], Fitted | None]
) -> None:
    """Print how each recogniser performs as one of two pictures gets worse. Raises ConfigError."""
    if not folder.is_dir():
        raise ConfigError(f"{folder} is not a folder of people")
    serving, groups = Serving(Store.here(), Profile.RESEARCH), groups_of(folder)
    lit = [each for each in meshes(folder, serving) if not each.shot]
    for level in levels:
        worst = [each for one in lit if (each := worse(one, level, serving)) is not None]
        for recogniser in serving.recognisers():
            for line in dimming.report(recogniser, lit, worst, groups):
                sys.stdout.write(f"{level:3.0f} {line}\n")


def refusals(folder: Path) -> None:
    """Print what the gates refuse by light, size of the face and group. Raises ConfigError."""
    if not folder.is_dir():
        raise ConfigError(f"{folder} is not a folder of people")
    serving, groups = Serving(Store.here(), Profile.OPEN), groups_of(folder)
    seen = [each for each in meshes(folder, serving) if each.enrollable and not each.shot]
    tried = [each for one in seen for each in gating.trials(one, groups.get(one.person, ""), serving)]
    for line in gating.report(tried):
        sys.stdout.write(f"{line}\n")


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

"""`python -m tests.scenarios OUT [--takes N] [--honest-minutes M] [--seed S]`: composes labelled material.

Writes the folder that `proctor-edge accuracy` reads, out of real recordings where PROCTOR_MEDIA names them
and the rehearsal's faces where not. What is there already under the same name is kept.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path

from tests.scenarios import material
from tests.scenarios.exams import SHOTS, Plan, casts, honest, make, scripted_plans
from tests.scenarios.heads import fitter
from tests.scenarios.noises import library
from tests.scenarios.performers import media_folder, performers, signer
from tests.scenarios.staging import Cast


def honest_plans(pairs: Sequence[Cast], minutes: float, seed: int) -> Iterator[Plan]:
    """Honest exams of all candidates together; it rains in every third."""
    for number, cast in enumerate(pairs):
        background = "rain" if number % 3 == 2 else None
        shot = SHOTS[number % len(SHOTS)]
        yield honest(cast, shot, minutes / len(pairs), seed + number, background)


def compose(out: Path, *, takes: int, honest_minutes: float, seed: int) -> None:
    """Everything; a line for each recording."""
    media = media_folder()
    people, sounds = performers(media, seed), library(media)
    fit = fitter()
    material.people(out / "people", people, media)
    material.groups(out)
    material.counted(out / "counted", media)
    material.heads(out / "heads", people, fit, media)
    material.sounds(out / "sounds", media, sounds)
    material.voices(out / "voices", media)
    pairs = casts(people, fit)
    hand = None if media is None else Cast(signer(media), people[0], fit)
    plans = [(plan, "scripted") for plan in scripted_plans(pairs, hand, takes, seed)]
    plans += [(plan, "honest") for plan in honest_plans(pairs, honest_minutes, seed)]
    for plan, kind in plans:
        if (out / kind / f"{plan.name}.mkv").exists():
            continue
        sys.stdout.write(f"{kind}: {plan.name}, {plan.duration_s:.0f} s, {plan.shot.words}\n")
        sys.stdout.flush()
        make(plan, out / kind, sounds)


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("out", type=Path)
    parser.add_argument("--takes", type=int, default=1)
    parser.add_argument("--honest-minutes", type=float, default=7.0)
    parser.add_argument("--seed", type=int, default=1)
    options = parser.parse_args()
    compose(options.out, takes=options.takes, honest_minutes=options.honest_minutes, seed=options.seed)
    return 0


if __name__ == "__main__":
    sys.exit(main())

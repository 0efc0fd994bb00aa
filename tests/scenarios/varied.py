"""`python -m tests.scenarios.varied OUT [--profile open]… [--minutes M]`: is anybody accused, however filmed?

Everybody of whom there is real footage sits honestly, as each kind of camera, light and network would show it
(`tests.support.variations`). What an exam raised is kept in OUT at once, so that a run goes on where the last
one ended; the table is of all that is kept. Without PROCTOR_MEDIA there is no footage, only two portraits.
"""

from __future__ import annotations

import argparse
import asyncio
import sys
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from functools import cache
from pathlib import Path

from pydantic import TypeAdapter

from edge.accuracy.exams import watch_exam
from edge.accuracy.folder import Exam
from edge.accuracy.selected import serving
from edge.accuracy.selection import Selection
from edge.accuracy.truth import Truth
from edge.analysis.networks import Networks, open_networks
from models.store import Store
from shared.events.types import EventClass
from tests.scenarios.camera import Lens, Shot, send
from tests.scenarios.exams import ASKED_FOR, SHOTS, asking, enrollment
from tests.scenarios.noises import room_tone
from tests.scenarios.performers import Image, Performer, media_folder, performers, talkers
from tests.scenarios.tally import Outcome, Varied, in_turn, table
from tests.support.variations import HONEST

SELDOM = "5 frames a second"
SELDOM_FRAMES_PER_S = 5
LASTS_S = 40.0
"""Baselines are measured after 30 s."""
ENROLLED_UNTIL_S = 2.2
"""Before one of them tilts his head too far for an enrollment picture."""
_OUTCOME = TypeAdapter(Outcome)


@dataclass(frozen=True, slots=True)
class Stage:
    """Everybody, and where recordings and results are kept."""

    out: Path
    people: Mapping[str, Performer]
    lasts_s: float

    def shot(self, exam: Varied) -> Shot:
        """How this person is filmed, and the size and rate of the pictures that are sent."""
        shot = replace(SHOTS[self._number(exam) % len(SHOTS)], loss=0.0)
        if exam.variation == SELDOM:
            return replace(shot, frames_per_s=SELDOM_FRAMES_PER_S)
        height_px, width_px = next(self.frames(exam, shot)).shape[:2]
        return replace(shot, height_px=height_px // 2 * 2, width_px=width_px // 2 * 2)

    def frames(self, exam: Varied, shot: Shot) -> Iterator[Image]:
        """What the camera sends."""
        lens = Lens(shot, self._number(exam))
        change = HONEST.get(exam.variation, HONEST["as it is"])
        for number in range(round(self.lasts_s * shot.frames_per_s)):
            at_s = number / shot.frames_per_s
            yield change(lens.take(self.people[exam.person].view(at_s), at_s))

    def recorded(self, exam: Varied) -> Exam:
        """The exam's recording, made where it is not there yet."""
        path = self.out / f"{exam.variation}-{exam.person}.mkv".replace(" ", "-")
        person, shot = self.people[exam.person], self.shot(exam)
        if not path.exists():
            unfinished = path.with_suffix(".part")
            seed = self._number(exam)
            send(unfinished, self.frames(exam, shot), room_tone(self.lasts_s, seed), shot, seed)
            enrollment(person, path.with_suffix(""), seed, ENROLLED_UNTIL_S)
            unfinished.replace(path)
        truth = Truth(
            unique_s=min(self.lasts_s, person.unique_s),
            shot=f"{exam.variation}, {shot.words}",
            people=(exam.person,),
            policy=asking(ASKED_FOR),
        )
        return Exam(path, False, truth, tuple(sorted(path.with_suffix("").glob("*.jpg"))))

    def _number(self, exam: Varied) -> int:
        return list(self.people).index(exam.person)


@cache
def networks(profile: str) -> Networks:
    """The networks of a profile, opened once."""
    return open_networks(serving(Store.here(), Selection(profile)))


def watched(stage: Stage, exam: Varied) -> Outcome:
    """What the analysis raises in one exam."""
    opened = networks(exam.profile)
    result = asyncio.run(
        watch_exam(stage.recorded(exam), Selection(exam.profile), opened, lambda _reached_s: None)
    )
    accusing = (EventClass.CONDUCT, EventClass.IDENTITY)
    return Outcome(
        exam=exam,
        honest_s=result.honest_s,
        unique_s=result.unique_s,
        conduct=result.conduct_incidents,
        identity=result.identity_incidents,
        events=tuple(each.event.value for each in result.unexplained if each.event_class in accusing),
    )


def run(stage: Stage, profiles: list[str], minutes: float) -> list[Outcome]:
    """Watch what is left until the time is over; answers with everything that is known."""
    stage.out.mkdir(parents=True, exist_ok=True)
    kept = stage.out / "outcomes.jsonl"
    known = [_OUTCOME.validate_json(line) for line in kept.read_bytes().splitlines()] if kept.exists() else []
    until_s = time.monotonic() + 60 * minutes
    done = {outcome.exam for outcome in known}
    for exam in in_turn(tuple(stage.people), (*HONEST, SELDOM), profiles, done):
        if time.monotonic() > until_s:
            break
        known.append(watched(stage, exam))
        with kept.open("ab") as lines:
            lines.write(_OUTCOME.dump_json(known[-1]) + b"\n")
    return known


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("out", type=Path)
    parser.add_argument("--profile", action="append", choices=[each.value for each in Selection])
    parser.add_argument("--minutes", type=float, default=30.0)
    options = parser.parse_args()
    media = media_folder()
    people = performers(media, 1) if media is None else talkers(media)
    stage = Stage(options.out, {person.name: person for person in people}, LASTS_S)
    profiles = options.profile or [Selection.OPEN, Selection.REGISTRY]
    sys.stdout.write(table(run(stage, [str(each) for each in profiles], options.minutes)))
    return 0


if __name__ == "__main__":
    sys.exit(main())

"""Machines to try the playbooks on: Debian 12 in containers that boot with systemd. Needs root.

    python -m tests.machines                     one machine, three, three with two coordinators, and then six
    python -m tests.machines three-machines      only these
    python -m tests.machines ... --keep          the same, and leave machines running until Ctrl-C

Prints each step's minutes and what came of it; ends with 1 if one failed.

one_machine    the example `one-machine`, an exam on it, and booted again
three_machines the example `three-machines`, an exam on it, and what follows
two_coordinators    the example `two-coordinators`, exams on it, one of them away, other keys
two_regions    the example `two-regions`, exams on it, and another authority
beginning      how both begin: provisioned, looked at, an exam on them
installation   machines of an example, and their nodes by name
life           upgraded while an exam runs; a node killed
returning      backup, erasure, wipe, restore
changing       keys and authorities rotated; a node added and taken out
steps          what was done, how long it took
place          where machines stand
network        a namespace of their own without a way out; this machine is reached over one pair of interfaces
archive        what they are given of Debian's archive: a proxy on this machine that keeps what it fetched
files          what else they are given
machine        one machine: a copy-on-write layer over a common root, booted, reached by ssh
authority      certificates of an authority that only the machines trust
provisioning   an inventory of theirs, and playbooks run on it
looks          units, ports, hardening, measurements, and whether every alert arrived
outside        the world of candidates and staff
exam           an exam as they have it
candidate      a candidate's page without a browser
recording      what it streams
"""

from __future__ import annotations

import argparse
import os
import sys
import time
import traceback
from typing import Final

from tests.machines.one_machine import one_machine
from tests.machines.place import place
from tests.machines.steps import Steps, say
from tests.machines.three_machines import three_machines
from tests.machines.two_coordinators import two_coordinators
from tests.machines.two_regions import two_regions

EXAMPLES: Final = {
    "one-machine": one_machine,
    "three-machines": three_machines,
    "two-coordinators": two_coordinators,
    "two-regions": two_regions,
}


def main() -> None:
    """Run what the command line asks for."""
    asked = argparse.ArgumentParser(description="Try the playbooks on real machines.")
    asked.add_argument("examples", nargs="*", help=f"of {', '.join(EXAMPLES)}; by default all")
    asked.add_argument("--keep", action="store_true", help="leave the machines running until Ctrl-C")
    given = asked.parse_args()
    if os.geteuid() != 0:
        sys.exit("machines boot in containers, which needs root")
    if unknown := set(given.examples) - set(EXAMPLES):
        asked.error(f"there is no example {', '.join(unknown)}")
    sys.exit(0 if tried(given.examples or list(EXAMPLES), given.keep) else "failed")


def tried(examples: list[str], keep: bool) -> bool:
    """Whether every step was done."""
    steps = Steps()
    try:
        for example in examples:
            with place(steps) as at:
                try:
                    EXAMPLES[example](at, steps)
                except Exception:
                    traceback.print_exc()
                if keep:
                    say("the machines are running; Ctrl-C ends them")
                    time.sleep(1e6)
    except KeyboardInterrupt:
        say("ended")
    say(f"\n{steps.table()}")
    return bool(steps.done) and all(step.result == "done" for step in steps.done)


if __name__ == "__main__":
    main()

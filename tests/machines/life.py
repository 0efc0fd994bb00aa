"""What happens to three machines while an exam runs: an upgrade, and the loss of a node."""

from __future__ import annotations

from typing import Final

from tests.machines.exam import Page
from tests.machines.installation import CENTRE, Installation
from tests.machines.place import FOLDER
from tests.machines.provisioning import newer_package
from tests.machines.recording import repeated
from tests.machines.steps import Step, Steps, Wrong

TIMES: Final = 40
"""How often the recording is repeated for an exam that outlasts both."""
MOVE_EXAMS: Final = '{"upgrade_move_exams": true}'
CURRENT: Final = "readlink /opt/proctor/{}/current"


def upgraded(three: Installation, steps: Steps) -> None:
    """To the next release, while two candidates sit their exam; their sessions move from node to node."""
    exam = three.exam
    with steps.step("the next release, and two candidates for a long exam"):
        package = newer_package(FOLDER / "newer")
        recording = repeated(FOLDER / "rehearsal/rehearsal.mkv", TIMES)
        pages = [exam.seat("bob", recording), exam.seat("joy", recording, "--relay")]
        for page in pages:
            page.wait_until_it_flows()
    with steps.step("upgrade with a running exam") as step:
        three.site.write(three.machines.values(), package_folder=str(package))
        step.note(f"{three.site.run('upgrade', '-e', MOVE_EXAMS)} changes")
        release = (package / "release").read_text().strip()
        for name, program in (*((edge, "edge") for edge in three.example.edges), (CENTRE, "coordinator")):
            current = three.machines[name].run(CURRENT.format(program)).strip()
            if current.rpartition("/")[2] != release:
                raise Wrong(f"{name} runs {current}, and not {release}")
        _go_on(three, pages, step)
        step.note(three.arrived())


def node_killed(three: Installation, steps: Steps) -> None:
    """The power of the machine that has a session is cut: the session goes on elsewhere."""
    exam = three.exam
    pages = [page for page in exam.pages if page.program.poll() is None]
    with steps.step("a node's power cut") as step:
        node = exam.node_of(pages[0])
        killed = three.nodes()[node]
        there = [page for page in pages if exam.node_of(page) == node]
        flowed = [page.flowed for page in there]
        killed.cut_power()
        for page, times in zip(there, flowed, strict=True):
            page.wait_until_it_flows(times + 1)
        step.note(f"{killed.name} killed with {len(there)} sessions")
        _go_on(three, pages, step)
    with steps.step("it is back") as step:
        killed.boot()
        three.site.run_unchanged("check")
        for page in pages:
            exam.end(page)
        step.note(three.arrived())


def _go_on(three: Installation, pages: list[Page], step: Step) -> None:
    """Note how long each session was without media. Raises `Wrong` if one is so now."""
    nodes = three.nodes()
    for page in pages:
        page.wait_until_it_flows(page.lost + 1)
        gaps = ", ".join(f"{gap_s:.1f} s" for gap_s, _ in page.gaps()) or "none"
        now_on = nodes[three.exam.node_of(page)].name
        step.note(f"{page.log.stem}: gaps {gaps}; now on {now_on}")

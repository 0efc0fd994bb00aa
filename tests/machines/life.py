"""What happens to three machines while an exam runs: upgrades, one of which fails, and the loss of a node."""

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
NOT_WELL: Final = '{"edge_status_host": "127.0.0.2"}'
"""A setting with which a node starts, and does not answer where it is asked how it is."""
RUNS_WITH: Final = (
    f"{CURRENT.format('edge')}; for file in /etc/proctor/edge.toml /etc/systemd/system/proctor-edge.service;"
    " do stat --format '%n %a %U %G' $file; sha256sum $file; done"
)


def upgraded(three: Installation, steps: Steps) -> None:
    """To the next release, while two candidates sit their exam; their sessions move from node to node. At the
    first try a node is not well with it, and runs as before."""
    exam = three.exam
    with steps.step("the next release, and two candidates for a long exam"):
        package = newer_package(FOLDER / "newer")
        recording = repeated(FOLDER / "rehearsal/rehearsal.mkv", TIMES)
        pages = [exam.seat("bob", recording), exam.seat("joy", recording, "--relay")]
        for page in pages:
            page.wait_until_it_flows()
    three.site.write(three.machines.values(), package_folder=str(package))
    with steps.step("an upgrade that fails, with a running exam") as step:
        _goes_back(three, step)
        _go_on(three, pages, step)
    with steps.step("upgrade with a running exam") as step:
        step.note(f"{three.site.run('upgrade', '-e', MOVE_EXAMS)} changes")
        release = (package / "release").read_text().strip()
        for name, program in (*((edge, "edge") for edge in three.example.edges), (CENTRE, "coordinator")):
            current = three.machines[name].run(CURRENT.format(program)).strip()
            if current.rpartition("/")[2] != release:
                raise Wrong(f"{name} runs {current}, and not {release}")
        _go_on(three, pages, step)
        step.note(three.arrived())


def _goes_back(three: Installation, step: Step) -> None:
    """Raises `Wrong` if a node whose upgrade fails does not run as before, or another is touched."""
    edges = [three.machines[name] for name in three.example.edges]
    before = [edge.run(RUNS_WITH) for edge in edges]
    told = three.site.run_failing("upgrade", "-e", MOVE_EXAMS, "-e", NOT_WELL)
    if "was not well with the new release" not in told:
        raise Wrong(f"the upgrade failed of something else:\n{told[-6000:]}")
    if (after := [edge.run(RUNS_WITH) for edge in edges]) != before:
        raise Wrong(f"the nodes do not run as before: {before}, now {after}")
    [again] = [node for node, machine in three.nodes().items() if machine is edges[0]]
    three.operate("nodes", "uncordon", again)
    three.site.run_unchanged("check")
    step.note(f"{edges[0].name} runs as before, {edges[1].name} was not touched")


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

"""Every command that a document tells is one that its program takes."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.support.told_commands import ROOT, told, wrong

PAGES = sorted([ROOT / "README.md", *(ROOT / "docs").glob("*.md")])


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_a_page_tells_commands_that_exist(page: Path) -> None:
    found = [(line, wrong(line, whole=whole)) for line, whole in told(page.read_text("utf-8"))]
    assert [(line, why) for line, why in found if why is not None] == []


@pytest.mark.parametrize(
    ("line", "why"),
    [
        ("proctorctl sessions strat", "No such command 'strat'"),
        ("proctorctl sessions list --exma X", "No such option: --exma"),
        ("proctorctl nodes drain NODE-ID now", "unexpected extra argument"),
        ("proctorctl nodes apply", "Missing argument 'FILE'"),
        ("proctorctl review dismiss X --reason wrong", "'wrong' is not one of"),
        ("proctor-operator nodes lst", "No such command 'lst'"),
        ("proctorctl backup creat", "No such command 'creat'"),
        ("PROCTOR_URL=x .venv/bin/proctor-edge bench", "Missing option '--config'"),
        ("runuser -u x -- /opt/y/proctor-coordinator token", "Missing option"),
        ("proctorctl", "needs a command"),
        ("make tst", "make has no target tst"),
        ("git pull && make provision INVENTRY=x", "make knows no INVENTRY"),
    ],
)
def test_what_its_program_refuses_is_found(line: str, why: str) -> None:
    assert why in (wrong(line, whole=True) or "")


def test_commands_are_found_in_blocks_and_in_sentences() -> None:
    page = (
        "Say `proctorctl nodes drain` and `nodes apply`; a `make`.\n\n"
        "    # proctorctl no\n    git pull && make provision INVENTORY=x \\\n        PLAYBOOK=upgrade\n"
        "    as='runuser -u y -- /opt/bin/proctor-coordinator'\n    $as migrate   # all\n"
    )
    assert [(" ".join(line.split()), whole) for line, whole in told(page)] == [
        ("git pull && make provision INVENTORY=x PLAYBOOK=upgrade", True),
        ("runuser -u y -- /opt/bin/proctor-coordinator migrate # all", True),
        ("proctorctl nodes drain", False),
        ("make", False),
    ]

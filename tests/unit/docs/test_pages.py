"""Pages link to what exists, the site shows every page, and every alert rule leads to its runbook."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import pytest
import yaml

from coordinator.web_api.reference import pages as api_pages

ROOT = Path(__file__).parents[3]
DOCS = ROOT / "docs"
PAGES = sorted([ROOT / "README.md", *DOCS.glob("*.md")])
MADE = {"api.md", *(f"commands/{name}.md" for name in ("proctorctl", "proctor-edge", "proctor-coordinator"))}
"""Pages of the site that `make docs` makes and the repository does not have."""
LINK = re.compile(r"\]\(([^)\s]+)\)")
LONGEST_README = 200


def anchors(page: Path) -> set[str]:
    """The anchors of a page's headings, as the site and GitHub make them."""
    headings = re.findall(r"^#+ (.+)$", page.read_text("utf-8"), re.MULTILINE)
    return {re.sub(r"[^\w\s-]", "", each).strip().lower().replace(" ", "-") for each in headings}


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_every_link_leads_somewhere(page: Path) -> None:
    lost = []
    for link in LINK.findall(page.read_text("utf-8")):
        target, _, anchor = link.partition("#")
        if "://" in target or target in MADE:
            continue
        file = page if not target else page.parent / target
        if not file.exists() or (anchor and anchor not in anchors(file)):
            lost.append(link)
    assert lost == []


def test_the_site_shows_every_page() -> None:
    def named(part: Any) -> list[str]:
        if isinstance(part, str):
            return [part]
        return [name for each in (part.values() if isinstance(part, dict) else part) for name in named(each)]

    shown = named(yaml.safe_load((ROOT / "mkdocs.yml").read_text("utf-8"))["nav"])
    assert sorted(shown) == sorted([*MADE, *(page.name for page in DOCS.glob("*.md"))])


def test_the_door_is_short() -> None:
    assert len((ROOT / "README.md").read_text("utf-8").splitlines()) <= LONGEST_README


def test_every_alert_rule_leads_to_its_runbook() -> None:
    rules = yaml.safe_load((ROOT / "ansible/roles/monitoring/files/proctor.rules.yml").read_text("utf-8"))
    named = {
        rule["alert"]: rule["annotations"].get("steps")
        for group in rules["groups"]
        for rule in group["rules"]
    }
    assert named == {name: f"docs/runbooks.md#{name.lower()}" for name in named}
    told = set(re.findall(r"^## (\w+)$", (DOCS / "runbooks.md").read_text("utf-8"), re.MULTILINE))
    assert told == set(named)


def test_every_operation_has_its_place_among_the_pages_of_the_api() -> None:
    api = json.loads((ROOT / "coordinator/openapi.json").read_text("utf-8"))
    made = api_pages(api)
    for path, operations in api["paths"].items():
        for method, operation in operations.items():
            [link] = re.findall(rf"\[`{method.upper()} {re.escape(path)}`\]\((\S+)\)", made["api.md"])
            file, _, anchor = link.partition("#")
            assert f"`{method.upper()} {path}` {{ #{anchor} }}" in made[file]
            assert anchor == operation["operationId"]

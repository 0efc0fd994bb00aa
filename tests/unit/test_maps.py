"""A package's docstring is its map: it names every module and folder beside it, and nothing that is gone."""

import ast
import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
PACKAGES = sorted(
    path.parent
    for name in ("cli", "coordinator", "edge", "models", "shared")
    for path in (ROOT / name).rglob("__init__.py")
)
FOLDERS_WITHOUT_MAP = frozenset({"versions"})
"""Database revisions: each is a module of its own, found by its number."""


def rooms(package: Path) -> set[str]:
    """Modules and folders of Python of one package."""
    modules = {path.stem for path in package.glob("*.py")} - {"__init__", "__main__"}
    return modules | {path.parent.name for path in package.glob("*/__init__.py")}


def named(text: str) -> set[str]:
    return set(re.findall(r"\w+", text))


def docstring(package: Path) -> str:
    return ast.get_docstring(ast.parse((package / "__init__.py").read_text("utf-8"))) or ""


@pytest.mark.parametrize("package", PACKAGES, ids=lambda path: str(path.relative_to(ROOT)))
def test_a_package_names_what_stands_in_it(package: Path) -> None:
    if package.name in FOLDERS_WITHOUT_MAP:
        return
    assert sorted(rooms(package) - named(docstring(package))) == []


@pytest.mark.parametrize("package", PACKAGES, ids=lambda path: str(path.relative_to(ROOT)))
def test_a_map_names_no_room_that_is_gone(package: Path) -> None:
    """Lines of a map begin with four spaces and a name; two columns are set apart by two spaces or more."""
    entries = [
        entry
        for line in docstring(package).splitlines()
        if line.startswith("    ") and not line.startswith("     ")
        for entry in re.findall(r"(?:^ {4}|  )([a-z_]+)/? {2,}\S", line)
    ]
    folders = {path.name for path in package.iterdir() if path.is_dir()}
    assert sorted(set(entries) - rooms(package) - folders) == []


@pytest.mark.parametrize("package", PACKAGES, ids=lambda path: str(path.relative_to(ROOT)))
def test_no_text_cites_what_a_reader_cannot_open(package: Path) -> None:
    """Requirements and notes that stand outside of this repository."""
    cited = re.compile(r"\b(SPEC|DESIGN|STACK)\b(?!_)|\bseed \(?\d|\b[Tt]he seed's\b")
    sources = {path.name: path.read_text("utf-8") for path in package.glob("*.py")}
    assert {name: found[0] for name, text in sources.items() if (found := cited.search(text))} == {}

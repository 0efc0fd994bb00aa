"""axe-core in a page under test: which of its rules the page breaks."""

from __future__ import annotations

from pathlib import Path
from typing import Final

import pytest

from tests.support.chromium import Page

SCRIPT: Final = Path(__file__).parents[2] / ".tools" / "axe" / "axe_playwright_python" / "axe.min.js"
needs_axe = pytest.mark.skipif(
    not SCRIPT.exists(), reason="axe-core is not installed (requirements/bootstrap.sh test)"
)
_RUN: Final = """
axe.run(document, {
  runOnly: ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"],
}).then(
  ({ violations, passes }) => ({
    passed: passes.length,
    broken: violations.flatMap(({ id, help, nodes }) => nodes.map(({ html }) => `${id}: ${help}: ${html}`)),
  }))
"""
FEWEST_RULES: Final = 15
"""As many must have found something to pass on, or the page was empty."""


async def broken_rules(page: Page) -> list[str]:
    """Rules of WCAG 2.2 A and AA and of good practice that the page breaks now, with the element of each."""
    if not await page.evaluate("'axe' in window"):
        await page.evaluate(SCRIPT.read_text("utf-8") + "; true")
    answer = await page.evaluate(_RUN)
    assert answer["passed"] >= FEWEST_RULES, answer
    broken: list[str] = answer["broken"]
    return broken

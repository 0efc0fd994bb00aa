"""The PDF's own marks can be printed."""

from __future__ import annotations

from coordinator.reports.pdf_form import MISSING, as_pdf, foot_of, printable


def test_the_foot_of_a_page_has_no_letter_that_the_typeface_lacks() -> None:
    assert as_pdf("Session SESS-1", []).startswith(b"%PDF-")  # loads the typefaces
    assert printable(foot_of("Session SESS-1")) == foot_of("Session SESS-1")
    assert printable("Łódź 試験") == f"Łód{MISSING} {MISSING}{MISSING}".replace("Łód", printable("Łód"))

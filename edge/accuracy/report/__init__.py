"""What was measured, for people: the same tables on the terminal and on one self-contained page.

`tables` makes them as plain values, `figures` draws, `page` puts both on a page with `page.css`, `terminal`
prints. The page loads nothing from anywhere.
"""

from edge.accuracy.report.page import accuracy_html
from edge.accuracy.report.terminal import print_tables

__all__ = ["accuracy_html", "print_tables"]

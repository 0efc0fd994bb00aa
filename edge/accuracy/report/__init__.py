"""What was measured, for people: the same tables on the terminal and on one self-contained page.

`exam_tables` and `network_tables` make them as plain values, `figures` draws, `contents` says what stands
where, `page` makes a page of it with `page.css`, `terminal` prints. The page loads nothing from anywhere.
"""

from edge.accuracy.report.page import accuracy_html
from edge.accuracy.report.terminal import print_tables

__all__ = ["accuracy_html", "print_tables"]

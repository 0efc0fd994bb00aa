"""What was measured, for people: the same tables on the terminal and on one self-contained page.

    exam_tables, network_tables   the tables, as plain values      table     what one is
    figures                       drawn with `drawing`             words     how numbers are written
    contents                      what stands where
    page                          one page with `page.css`         terminal  the same on a terminal

The page loads nothing from anywhere.
"""

from edge.accuracy.report.page import accuracy_html
from edge.accuracy.report.terminal import print_tables

__all__ = ["accuracy_html", "print_tables"]

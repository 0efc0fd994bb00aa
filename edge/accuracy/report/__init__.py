"""The report: the same tables on the terminal and on one self-contained page.

exam_tables, network_tables   the tables, as plain values      table     one table's value
figures                       drawn with `drawing`             words     formats of numbers
contents                      order of sections
    page                          one page with `page.css`         terminal  the same on a terminal

The page loads nothing from elsewhere.
"""

from edge.accuracy.report.page import accuracy_html
from edge.accuracy.report.terminal import print_tables

__all__ = ["accuracy_html", "print_tables"]

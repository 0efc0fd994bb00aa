"""The timeline page: one exam on one self-contained HTML page, for reviewers and for the record.

`values` defines a timeline, `entries` makes its entries from alerts, `chart` and `table` render the two views
with the `words` for times and numbers, `page` joins everything with `page.css` and `page.js`. The page loads
nothing from elsewhere: it can be mailed, archived and opened in ten years.
"""

from shared.timeline.entries import entry_of
from shared.timeline.page import timeline_html
from shared.timeline.values import Entry, Measure, Segment, Timeline

__all__ = ["Entry", "Measure", "Segment", "Timeline", "entry_of", "timeline_html"]

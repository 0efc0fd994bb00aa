"""What is told of a session when it is over: a report in three forms, and a bundle for a hearing.

gather_service    everything that is stored about a session, opened
facts, unknowns   the report out of it: what was observed, decided, and what nobody knows. Pure
picture           the timeline as a picture, in shares of its width. Pure
document          the report in words: headings, texts, tables. Pure
as_html, as_pdf   the same document in two forms
bundle            report, canonical alerts, hashes and one signature as a zip; `verify_bundle.py` goes along
routes
"""

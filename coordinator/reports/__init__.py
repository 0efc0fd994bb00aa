"""What is told of a session when it is over: a report in three forms, and a bundle for a hearing.

gathering            all that is stored about a session, opened
facts, gaps          the report out of it: what was observed, decided, and what nobody knows (pure)
timeline             the session as a picture, in shares of its width (pure)
wording              the report in words: headings, texts, tables (pure)
html_form, pdf_form  the same words in two forms (html_form pure)
hearing              report, canonical alerts, hashes and one signature as a zip; `verify_bundle` goes along
routes, examples     over REST
"""

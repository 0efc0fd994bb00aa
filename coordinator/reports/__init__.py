"""Reports about a session: a report in three forms, and a bundle for a hearing.

gathering            loads everything stored about a session
facts, gaps          the report: what was observed and decided, and what is unknown (pure)
timeline             the session as a picture, in shares of its width (pure)
wording              the report in words: headings, texts, tables (pure)
html_form, pdf_form  the same content in two forms (html_form pure)
hearing              report, canonical alerts, hashes and one signature as a zip, with `verify_bundle`
routes, examples     over REST
"""

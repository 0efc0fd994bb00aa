"""Stored alerts. How they come in stands in `coordinator.arriving`.

stored   an opened alert (pure)                answers  in the API's form (pure)
service  stored once, sealed, read in order    tables   the rows
routes   an institution's alerts, page by page
"""

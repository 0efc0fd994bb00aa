"""Stored alerts. `coordinator.arriving` receives them.

stored   an opened alert (pure)                answers  in the API's form (pure)
service  stores once, seals, reads in order    tables   the rows
paging_service  an institution's alerts, page by page     routes   the same over REST
"""

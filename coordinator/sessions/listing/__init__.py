"""Lists sessions for the proctors' wall, worst first.

routes  over REST   service  reads the database   cursor  the end of a page (pure)
"""

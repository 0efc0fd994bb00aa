"""The wall: sessions as a list, worst first.

routes  over REST   service  in the database   cursor  the end of a page (pure)
"""

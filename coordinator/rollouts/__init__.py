"""Decides how far a new version of a network is given: to nobody's alerts first, then to some exams, then to
all.

Nothing calls it yet: no node runs two versions of a network side by side.

exact    exact tests of counts and ranks (pure)      evidence what was counted so far (pure)
course   what follows from it: on, promoted, or back (pure)
"""

"""Keeps answers for a day, so that a repeated request is answered and not done twice.

sameness  which requests are equal (pure)        asked    the header, for routes
doing     does once, or answers again          service  the kept answers
desk      a reviewer's request, for routes
tables    the rows
"""

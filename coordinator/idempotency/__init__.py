"""Answers kept for a day, so that a repeated request is answered and not done twice.

sameness  which requests are the same (pure)     asked    the header, for routes
doing     done once, or answered again           service  answers kept
desk      where a reviewer acts, for routes
tables    the rows
"""

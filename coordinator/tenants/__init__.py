"""Institutions: every row belongs to one. Operators make and disable them, and see nothing of what is theirs.

standing  whose tokens count (pure)      service   the rows in the database
routes    over REST, for operators       own_routes  what an institution decides itself
tables    the rows                       examples  for the API description
"""

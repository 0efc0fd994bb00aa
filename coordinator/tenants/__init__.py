"""Institutions: every row belongs to one. Operators create and disable them, and cannot see their data.

institutions  whose tokens are valid (pure)
service   reads and writes them in the database
routes    over REST, for operators       own_routes  settings of the caller's institution
tables    the rows                       examples  for the API description
answers   its rules in the API's form
"""

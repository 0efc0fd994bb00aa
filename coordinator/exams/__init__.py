"""Exams as the institution plans them.

service  in the database     tables    the rows     routes  over REST
answers  in the API's form   examples  for the API's description
"""

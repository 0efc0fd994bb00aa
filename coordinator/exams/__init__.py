"""Exams planned by an institution.

service  in the database     tables    the rows     routes  over REST
answers  in the API's form   examples  for the API description
"""

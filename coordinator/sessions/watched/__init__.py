"""How much of a session nobody watched, as its nodes say it.

noting  writes down what heartbeats and ends say     service  in the database     runs  added up (pure)
"""

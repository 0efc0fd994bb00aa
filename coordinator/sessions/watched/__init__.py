"""Records how much of a session nobody watched, as its nodes report it.

noting  reads heartbeats and ends     service  writes to the database     runs  adds up (pure)
"""

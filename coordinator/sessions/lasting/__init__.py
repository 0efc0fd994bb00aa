"""Alerts that the coordinator raises itself and clears when their cause is over.

service   reads and writes them in the database        telling   writes one and sends it
"""

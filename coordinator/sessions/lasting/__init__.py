"""Alerts that the coordinator itself raises and, once their cause is over, clears.

service   in the database        telling   writes one and sends it
"""

"""Raises alerts in sessions whose node has a wrong clock or whose alerts are missing.

wrong    decides which nodes have a problem, and makes the alerts (pure)
telling  raises and clears the alerts
service  reads sessions and writes alerts in the database
"""

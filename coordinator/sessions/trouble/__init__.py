"""Tells on sessions what is wrong with their node: its clock, and its reports that are missing.

wrong    which nodes are troubled, and the alerts (pure)
telling  raises and clears the alerts
service  in the database
"""

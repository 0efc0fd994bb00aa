"""An exam's policy, version by version: who changed what, and why.

service  one row per version     tables  the rows     routes  over REST
"""

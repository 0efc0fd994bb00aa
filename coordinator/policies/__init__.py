"""The versions of an exam's policy: who changed what, and why.

service  one row per version     tables  the rows     routes  over REST
"""

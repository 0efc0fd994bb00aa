"""Events.

types  the closed list of events, their classes and lanes
"""

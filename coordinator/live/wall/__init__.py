"""The wall: one socket for the cards of all sessions that a page shows.

routes    who may open one
"""

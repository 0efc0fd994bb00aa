"""The candidate's way in.

codes   one-time join codes
routes  the code, the notice, a ticket for the live socket
"""

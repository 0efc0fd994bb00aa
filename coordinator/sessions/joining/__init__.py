"""The candidate's way in.

failures wrong codes, counted apart from right ones (pure)
codes    what is stored and shown of a one-time join code (pure)
service  codes and acknowledged notices in the database
routes   the code, the notice, a ticket for the live socket
"""

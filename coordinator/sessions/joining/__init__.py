"""How candidates join a session.

failures wrong codes, counted apart from right ones (pure)
codes    one-time join codes (pure)
service  codes and acknowledged notices in the database
routes   the code, the notice, a ticket for the live socket
"""

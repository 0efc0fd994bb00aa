"""How candidates join a session.

failures     wrong codes, counted apart from right ones (pure)
codes        the codes of links (pure)
service      links and acknowledged notices in the database
told_service reads what the candidate was told
routes       the link, the notice, earlier messages, a ticket for the live socket
"""

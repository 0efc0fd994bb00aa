"""How candidates join a session.

failures     wrong codes, counted apart from right ones (pure)
codes        the codes of links (pure)
service      links and acknowledged notices in the database
told_service what the candidate was told
routes       the link, the notice, what was said, a ticket for the live socket
"""

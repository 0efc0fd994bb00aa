"""What a candidate consents to, purpose by purpose, and takes back.

purposes  what a session uses data for (pure)     words    the latest word on each purpose (pure)
service   said and acknowledged, in the database  tables   one row per giving and taking back
routes    over REST; whoever takes back is heard at once
"""

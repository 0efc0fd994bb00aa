"""What a candidate agrees to, purpose by purpose, and withdraws.

purposes     what a session uses data for (pure)     words   the latest word on each purpose (pure)
withdrawing  what a withdrawal stops (pure)          tables  one row per consent and withdrawal
service      said and acknowledged, in the database
routes       over REST; a withdrawal reaches running sessions at once
"""

"""Consents: what a candidate agrees to and withdraws, separately for each purpose.

purposes     what a session uses data for (pure)     words   the latest word on each purpose (pure)
withdrawing  what a withdrawal stops (pure)          tables  one row per consent and withdrawal
service      reads and writes them in the database     answers  in the API's form
routes       over REST; a withdrawal reaches running sessions at once
"""

"""A page that never comes, or does not come back.

awaited   who is awaited since when, and what is then said (pure)
absences  sees to it that people are told
service   in the database
"""

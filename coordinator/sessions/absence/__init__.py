"""A page that never comes, or does not come back.

waiting  who is awaited since when, and what is then said (pure)
telling  sees to it that people are told
service  in the database
"""

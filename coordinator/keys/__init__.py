"""Keys whose destruction erases what was sealed under them.

service  finds, makes, destroys      tables  the rows
half  what opens and seals with one takes of it
masters_service  wraps them again under another master key
"""

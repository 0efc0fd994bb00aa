"""Keys whose destruction erases what was sealed under them.

service  finds, makes, destroys      tables  the rows
masters_service  wraps them again under another master key
"""

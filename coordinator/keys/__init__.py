"""Keys whose destruction erases what was sealed under them.

service  found, made, destroyed      tables  the rows
"""

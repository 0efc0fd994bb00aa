"""The people who are examined, as their institution names them.

service  found, made, locked      tables  the rows
"""

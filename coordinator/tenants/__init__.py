"""Institutions: every row belongs to one.

tables  the rows
"""

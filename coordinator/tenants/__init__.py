"""Institutions: every row belongs to one."""

"""Candidates, by their institution's names.

service  finds, creates, locks      tables  the rows
"""

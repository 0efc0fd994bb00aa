"""Candidates, by their institution's names.

service     finds, creates, locks      tables  the rows
registered  whether a request may name an exam and a candidate (pure)
former      names that were corrected, theirs and their sessions', and alerts under the present ones (pure)
"""

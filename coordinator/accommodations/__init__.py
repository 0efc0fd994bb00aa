"""Accommodations: what is agreed with one candidate for one exam.

agreed   the exam's policy with them (pure)      service  one sealed row per change
tables   the rows                              routes   agree, read, withdraw
"""

"""What is agreed with one candidate for one exam.

agreed   the exam's policy with it (pure)      service  one sealed row per change
tables   the rows                              routes   agree, look at, take back
"""

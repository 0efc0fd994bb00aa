"""Answers kept for a day, so that a repeated request is answered and not done twice."""

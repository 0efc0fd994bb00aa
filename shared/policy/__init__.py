"""An exam's policy.

schema  x
"""

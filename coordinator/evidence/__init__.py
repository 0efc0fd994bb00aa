"""Pictures as evidence of alerts, under their own keys.

service  stores and finds them      tables  the rows      kept  the state of a picture (pure)
"""

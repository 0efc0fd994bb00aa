"""Pictures that are evidence of alerts, under keys of their own.

service  stored, found for alerts      tables  the rows      kept  a picture as it is found (pure)
"""

"""Reports a candidate's page that never connects or does not come back.

waiting  decides which pages are missed, and writes the alert (pure)
telling  raises and clears the alerts
service  in the database
"""

"""Watched exam sittings.

starting/   started, and started again     joining/  the candidate's way in
changing/   paused, given time, another policy
absence/    a page that is not there       listing/  the wall, worst first
watched/    how much nobody watched

service     found, read, put on their timeline     tables      the rows
ending      over here, then on its node            verifying   one frame against the enrolled face
sweeping    nodes and database of one mind
notice      what the candidate is told (pure)      milestones  what stands on a timeline (pure)
expiry      when its time is over (pure)           answers     in the API's form
routes      over REST                              examples    for the API's description
"""

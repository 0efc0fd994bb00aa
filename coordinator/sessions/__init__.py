"""Exam sessions: one candidate sitting one exam, watched by one node.

starting/   starts and restarts sessions   joining/  how candidates join
changing/   pause, extra time, another policy
absence/    reports missing pages          listing/  for the wall, worst first
watched/    how much nobody watched        presence/ whether the candidate's page is there
devices/    the devices that a candidate uses       moving/ to another node
trouble/    a node's wrong clock, missing alerts   lasting/  alerts raised and cleared here

service     finds and reads sessions       tables      the rows
held_service  which sessions nodes hold
details_service  what is sealed with a session, and its policy
ending      ends one here and on its node  verifying   compares a frame with the enrolled face
sweeping    keeps nodes and database in agreement
notice      the candidate's notice (pure)  milestones  milestones on a timeline (pure)
expiry      when a session expires (pure)          answers     in the API's form
binding     which device may open it (pure)
routes      over REST                              examples    for the API description
"""

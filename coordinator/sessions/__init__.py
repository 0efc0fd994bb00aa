"""Watched exam sittings.

starting/   starts, and starts again       joining/  how candidates join
changing/   pause, extra time, another policy
absence/    missing pages                  listing/  the wall, worst first
watched/    how much nobody watched        presence/ whether the candidate's page is there

service     finds and reads sessions       tables      the rows
ending      ends here, then on the node    verifying   compares a frame with the enrolled face
sweeping    nodes and database of one mind
notice      the candidate's notice (pure)  milestones  milestones on a timeline (pure)
expiry      when its time is over (pure)           answers     in the API's form
routes      over REST                              examples    for the API description
"""

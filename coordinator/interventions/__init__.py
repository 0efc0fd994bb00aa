"""Acts of proctors on a running session: recorded on its timeline and told to the candidate.

record   a proctor's act as an alert of class `proctor` (pure)
service  on the timeline      routes  over REST, for people

Nothing here happens automatically; every act is by a person.
"""

"""What a proctor does to a running session: recorded on its timeline, told to the candidate.

record   a proctor's act as an alert of class `proctor` (pure)
service  on the timeline      routes  over REST, for persons

Nothing here happens by itself; every act is a person's.
"""

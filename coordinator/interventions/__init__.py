"""What a proctor does to a running session: recorded on its timeline, told to the candidate.

    record     a proctor's act as an alert of class `proctor`, pure
    service, routes

Nothing here happens by itself; every act is a person's.
"""

"""A running session changes: pause, more time, another policy.

routes       over REST               changes  told to its node
next_policy  whether it may (pure)   service  in the database
"""

"""A running session changes: pause, more time, another policy.

next_policy  whether it may (pure)    telling  told to its node
service      in the database          routes   over REST
"""

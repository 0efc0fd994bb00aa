"""A running session changes: pause, more time, another policy.

next_policy  whether it may (pure)    telling   told to its node
service      in the database          rekeying  after a key of tokens was revoked
routes       over REST
"""

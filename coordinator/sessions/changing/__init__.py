"""A running session changes: pause, more time, another policy, another agreement.

next_policy  what is allowed (pure)    telling  sends changes to nodes
service      in the database          agreement_service  a consent withdrawn or given again
rekeying     after a key of tokens was revoked
routes       over REST
"""

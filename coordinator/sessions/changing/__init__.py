"""Changes running sessions: pause, more time, another policy, other consents.

next_policy  what is allowed (pure)    telling  sends changes to nodes
service      in the database          agreement_service  a consent withdrawn or given again
rekeying     gives sessions the next key after one was revoked
routes       another policy, over REST; `interventions` has pause and more time
"""

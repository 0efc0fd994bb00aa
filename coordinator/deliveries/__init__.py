"""Sends what is noted in the outbox to an institution's own systems: at least once, in order per session.

schedule  when to try again, when to wait, when to give up   outcomes         what an answer means
order     who is next                                         parcels          bodies of what is told
service   turns, results, replay, dead letters, clearing     parcels_service  reads what is sent next
posting   one POST to a checked address                      working          one worker per destination
answers   dead letters in the API's form                     connection       one HTTP connection
routes    over REST                                           traced           its part of alerts' traces

A failed delivery holds up those after it of the same session, not those of others. Each destination has a
worker of its own, in one coordinator at a time, so a dead destination slows no other. Where tries keep
failing, the worker waits ever longer between them and then sends one delivery to see whether it works again.

`schedule`, `outcomes` and `parcels` know nothing of webhooks but status codes: another kind of destination
needs a poster of its own beside `posting`.
"""

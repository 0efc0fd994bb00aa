"""Sends what is noted in the outbox to an institution's own systems: at least once, in order per session.

schedule  when to try again, when to wait, when to give up   outcomes         what an answer means
order     who is next                                         parcels          bodies of what is told
service   turns, results, replay, dead letters, clearing     parcels_service  reads what is sent next
sending   what ways of sending have in common                 senders          which of them
posting   one POST to a checked address                      connection       one HTTP connection
kafka_posting   one record of a topic                         kafka_settings   and errors of Kafka
kafka_client    the Kafka library in a thread                 addresses        of names, checked
answers   dead letters in the API's form                     working          one worker per destination
routes    over REST                                           traced           its part of alerts' traces

A failed delivery holds up those after it of the same session, not those of others. Each destination has a
worker of its own, in one coordinator at a time, so a dead destination slows no other. Where tries keep
failing, the worker waits ever longer between them and then sends one delivery to see whether it works again.

`schedule`, `order` and `parcels` know nothing of how something is sent. Programs that call and take what they
are told are answered by `coordinator.following`.
"""

"""Edge nodes: who may speak, who is well, what they are told, how far each outbox is committed.

alert_stream  the hub's stream of alerts       stream      what it must be like (pure)
heartbeats    hears nodes                      fleet       who is well, and the best for a session (pure)
asking        the six commands, typed          commands    signed, sealed, one reply each
replies       a reply checked (pure)           signers     who may speak (pure)
marks         how far a lane is committed (pure)
service       in the database                  tables      the rows
routes        which nodes there are and how they are
"""

"""Edge nodes: which are known and healthy, which watches which session, how far each outbox is committed.

node_states   the state of a node (pure)        reasons     each reason in words, with its repair (pure)
steadiness    so that it does not flap (pure)   history     the last hour, in memory (pure)
placements    open, cordoned, draining (pure)   admission   why no node can take a session (pure)
gauges        what the metrics say of each node (pure)
unwatched     how much of the time it did not watch its sessions (pure)
alert_stream  the hub's streams of alerts and states     stream  what they must be like (pure)
checkpoint_stream  the audit log's checkpoints at the hub
states        a session's state checked (pure)
heartbeats    receives heartbeats              fleet       which nodes can take a session (pure)
routing       which one gets it (pure)         regions  where nodes come first (pure)
asking        each command with its answer     commands    signed, sealed, one reply each
replies       a reply checked (pure)           signers     keys of accepted nodes (pure)
hub_identities  who may log in at the hub (pure) hub_account tells the hub who is revoked
hub_certificates  with whom the hub speaks (pure)
marks         how far a lane is committed (pure)
hosts         lets one host at a time be a node
assignments   which node held a session when, as values (pure); assignments_service has them in the database
service       in the database                  tables      the rows
answers       nodes in the API's form
routes        lists the nodes with their state and their last hour
examples      for the API's description
placement_routes  one node: cordon, drain, open again
"""

"""Receives the nodes' alerts: fetches them from the hub, checks, stores, groups and then acknowledges them.

ingest    the loop: fetches, stores, acknowledges, sends high-water marks to the nodes
intake    one batch in one transaction: treats each message
sittings_service  loads the sessions, keys and assignments of a batch
arrival   checks sender, session and content of a message
    assigned  whether the node held the session at the time of the event (pure)
    pictures  checks and stores the pictures beside an alert
treated   how a message is treated, and when it comes again (pure)
treating  decides this after an error, records refusals, has the rest parked
parked_service    keeps messages that could not be judged     tables   the rows
replaying routes  an operator has them judged again
traced    its part of the alerts' traces
portion   how many messages are stored in one transaction (pure)
put_off   limits the messages of one node that wait for redelivery (pure)
"""

"""Receives the nodes' alerts: fetches them from the hub, checks, stores, groups and then acknowledges them.

ingest    the loop: fetches, stores, acknowledges, sends high-water marks to the nodes
intake    one batch in one transaction: treats each message
sittings_service  loads the sessions, keys and assignments of a batch
arrival   checks sender, session and content of a message
    assigned  whether the node held the session at the time of the event (pure)
    pictures  checks and stores the pictures beside an alert
put_off   limits the messages of one node that wait for redelivery (pure)
"""

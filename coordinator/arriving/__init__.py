"""Receives the nodes' alerts: fetches them from the hub, checks, stores, groups and then acknowledges them.

ingest    the loop: fetches, stores, acknowledges, sends high-water marks to the nodes
intake    one batch in one transaction: a verdict on each message
sittings_service  what a batch is checked against: sessions, keys, assignments
arrival   who said it, about what, and whether it is whole
    assigned  whether the node held the session when it happened (pure)
    pictures  what came beside it, held against it
put_off   how many messages of one node may wait to come again (pure)
"""

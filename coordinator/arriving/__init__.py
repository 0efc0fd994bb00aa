"""Alerts arrive from the nodes: fetched from the hub, checked, stored, grouped, and only then acknowledged.

ingest    the loop: fetch, store, acknowledge, tell the nodes how far all is
intake    one batch in one transaction: a verdict on each message
sittings_service  what a batch is checked against: sessions, keys, assignments
arrival   who said it, about what, and whether it is whole
    assigned  whether the node held the session when it happened (pure)
    pictures  what came beside it, held against it
put_off   how many messages of one node may wait to come again (pure)
"""

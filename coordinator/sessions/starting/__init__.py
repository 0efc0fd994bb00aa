"""Starts a session, or starts it again on its node.

terms       its policy and its times (pure)
preparing   loads everything for a start
assignment  builds the `StartSession` message
first       prepares, asks the node, then stores
again       starts it again: after a restart of its node, or where it has moved
handing     what a node must know to go on with a session that was watched before
told_service  what the nodes of a session have told
"""

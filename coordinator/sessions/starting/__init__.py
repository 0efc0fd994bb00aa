"""Starts a session, or starts it again on its node.

terms       its policy and its times (pure)
preparing   loads everything for a start
assignment  builds the `StartSession` message
first       prepares, asks the node, then stores
again       starts it again after a restart of its node
"""

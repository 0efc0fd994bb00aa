"""The node's membership of the coordinator's fleet: joins with a token, keeps and renews what it is given.

asking     what the node asks, and what it checks in the answers (pure)
"""

"""Settings and networks that the coordinator gives this node, in place of those in its own file.

overlay   own settings with given ones on top            course  what becomes of an order (pure)
probation whether an order did good (pure)               weights whether a network can serve here
kept      the orders in the node's data folder           beginning what a start of the daemon begins with
"""

"""The node's membership of the coordinator's fleet: joins with a token, keeps and renews what it is given.

asking     what the node asks, and what it checks in the answers (pure)
address    which coordinators may be asked (pure)
calls      the coordinator's API                      files      what the node is given, in its data folder
settings   the settings of a node that joined (pure)  joining    joins
renewing   renews in time                             command    `proctor-edge join`
"""

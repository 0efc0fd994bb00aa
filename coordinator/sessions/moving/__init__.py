"""Moves a running session from its node to another one.

deciding   whether its page is answered with the present node (pure)
moves      one move, from the decision to the former node's end
failover   the alert about it (pure)          telling   clears that alert
late       alerts that a former node delivers after it, or that no node ends (pure); late_service ends them
draining   empties a node, or relieves it      answers   in the API's form
service    in the database                    routes    where a page asks for its node
"""

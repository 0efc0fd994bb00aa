"""Several coordinators on one database and one hub: each serves everything, one of them leads.

All take alerts from the shared consumer, answer requests and deliver. What must be decided once is done by
the one that leads (`ground.leading`): answering heartbeats, ending and starting sessions on nodes, absences,
unwatched seconds, troubles. One that is cut off from the hub for ten seconds leaves the lead to the others;
if none takes it, it leads on (`ground.standing_back`). All hear every heartbeat, so each can choose a node.
What one of them tells its sockets, the others tell theirs; a ticket opens one socket at all of them together.

spreading  tells the others what is told here, and hears what they tell

Rates, places and sockets are limited per coordinator: at n of them a caller may ask n times as much.
"""

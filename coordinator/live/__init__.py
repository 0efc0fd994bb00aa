"""Live sockets: what each role receives during a session, and how a page connects.

messages  the messages per role (pure)         rooms    who listens to which session
tickets   single-use tickets for pages         socket   one open socket
tickets_service  notes those that were used    tables   the rows
routes    who may open one                     told     what coordinators tell each other (pure)

walls     the open walls and what they show    wall_socket  one wall's socket    wall/  its route
"""

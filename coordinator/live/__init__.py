"""Live sockets: what each role is told of a session as it happens, and how a page gets in.

messages  what is said to whom (pure)     rooms    who listens to which session
tickets   a page's way in without a URL   socket   one open socket
routes    who may open one
"""

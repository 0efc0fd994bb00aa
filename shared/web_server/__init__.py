"""The HTTP server that both daemons run: uvicorn, bounded against whoever talks too much or not at all.

options          uvicorn's options, its sockets    connections    settings of its connections
doorway          who may connect (pure)            doors          lets them in, closes them
frames           WebSocket frames counted (pure)   descriptors    how many files may be open
http_protocol    requests with deadlines           socket_protocol  WebSockets with an allowance
status           health and metrics on a port of their own
"""

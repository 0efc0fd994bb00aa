"""The HTTP server of both daemons: uvicorn, with limits on clients that send too much or nothing.

options          uvicorn's options, its sockets    connections    settings of its connections
doorway          who may connect (pure)            doors          admits connections, closes them
frames           counts WebSocket frames (pure)    descriptors    how many files may be open
http_protocol    requests with deadlines           socket_protocol  WebSockets with an allowance
status           health and metrics on a separate port tls          TLS, from files that may change
tls_section      where the certificate is          handshakes     until TLS is agreed
"""

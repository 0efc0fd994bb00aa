"""Live sockets: what each role is told of a session as it happens, and how a page gets in."""

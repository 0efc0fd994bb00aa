"""Deliveries over gRPC: a program of an institution calls, identifies itself by its certificate, and follows.

deliveries.proto  what is called               deliveries_pb2  generated from it (`make proto`)
framing   messages and ends of calls (pure)    cursors   where a program is in what it is told (pure)
http2     one connection with its calls        calls     the two methods
service   places, cursors, what comes next     serving   listens, with TLS 1.3 and the certificates

A delivery gets its place in the order of its destination in the transaction before it is first sent, and is
delivered once the program acknowledges that place. So none is lost between commits of several coordinators,
and a program goes on after its cursor at any of them.
"""

"""Watches sessions in processes of their own, or in the node's: the two sides of `edge.sessions.port`.

control side
    watching   chooses where sessions are watched     crew       all of them as one `Worker`
    berths     keeps all processes running            berth      keeps one running
    process    spawns one, watches its pulse, ends it
    remote     calls over the link                    placed     one session and its place
    placement  who takes a session, and when (pure)   combined   all reports as one (pure)
worker's process
    program    its entry point                        opening    networks, engine, sessions
    obeying    carries out calls                      reporting  reports with the state after them
both
    wire       frames (pure)                          codec      values as JSON (pure)
    calls      calls and reports as values (pure)     link       one end of the socket
    settings   what a worker must know                status     how a worker does (pure)

A worker that dies takes nothing along: whatever a session reports is sent in one frame with the session's
state after it. The session goes on from the last state in another process, on the same clock.
"""

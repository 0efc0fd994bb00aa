"""Media in over WebRTC, and recordings in its place; nothing here interprets what it carries.

A connection
    peer         one candidate's connection        source       what a session needs of it
    negotiation  settings and offer to aiortc      sdp          checks of offers, our answer (pure)
    seams        what of aiortc is replaced        datagrams    what aiortc would fall over
    flow         one track, packets to frames      encoded      a frame on its way
    jitter       video packets, with a deadline    inorder      audio packets, in order
    nack         lost packets asked for again      keyframes    when one is asked for (pure)
    payloads     what a frame's first bytes say    serial       counters that wrap around
    decoder      one thread per track              audio        sound cut into windows
    frames       pictures and windows, decoded     clock        RTP times to session times (pure)
    latest       mailbox that keeps the newest     ring         the last seconds, to look again
Doors
    signaling    WebSocket of a page               whip         the same in one HTTP request
    admission    who stands behind the doors       rate         a bound on how often (pure)
Recordings
    recording    read as live media come           gaps         pictures left damaged (pure)
    writer       written for a sender              clips        seconds of sound for an alert
    simulate     a candidate from a recording      outgoing     its tracks
"""

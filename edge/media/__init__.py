"""WebRTC in: from a candidate's connection to pictures and windows of sound on one session clock.

A connection
    signaling    offers and answers over a WebSocket      whip       the same over HTTP (RFC 9725)
    admission    what signaling needs of a session        peer       one candidate's connection
    negotiation  from settings and an offer to aiortc     sdp        offers checked, answers written
    seams        the names of aiortc that are replaced    datagrams  what must not reach it
Packets to pictures and sound
    flow         one track: packets in, encoded frames out
    payloads     where a frame begins                     serial     counters that wrap
    jitter       video packets in order, in time          inorder    audio packets in order
    nack         which packets to ask for again           keyframes  when to ask for a keyframe
    encoded      a frame before it is decoded             decoder    one bounded thread per track
    frames       pictures and windows of sound            audio      any sound into 16 kHz mono windows
    clock        from RTP time to the session clock       latest     a mailbox that keeps the newest
    ring         the last seconds, encoded                rate       a bound on how often
Files and senders
    recording    a recording as live media                gaps       which of its pictures may be damaged
    writer       writes a recording                       clips      a few seconds of sound
    simulate     a candidate without a browser            outgoing   the tracks that it sends

aiortc stalls for seconds after one lost packet, and joining its decoder blocks the event loop: three of its
parts are replaced (`seams`).
"""

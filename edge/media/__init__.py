"""Incoming media, over WebRTC or from recordings. Nothing here interprets the content.

A connection
    peer         one candidate's connection        source       what a session needs of it
    negotiation  settings and offer to aiortc      sdp          our own answer (pure)
    offers       checks of offers (pure)           gathering    candidates of this host and of servers
    candidates   refuses bad ICE candidates        addresses    which addresses are bad (pure)
    seams        replacements in aiortc            datagrams    drops what would crash aiortc
    flow         one track, packets to frames      encoded      a frame before decoding
    jitter       video packets, with a deadline    inorder      audio packets, in order
    nack         requests lost packets again       keyframes    when to request one (pure)
    payloads     reads a frame's first bytes       serial       counters that wrap around
    lateness     how late the event loop is
    decoder      one thread per track              audio        sound cut into windows
    sound_pace   refuses sound faster than time (pure)
    sound_windows  one track's windows, with their capture times
    frames       pictures and windows, decoded     clock        RTP times to session times (pure)
    latest       mailbox that keeps the newest     ring         the last seconds of video
Doors
    signaling    WebSocket of a page               whip         the same in one HTTP request
    fragments    its later candidates (pure)
    admission    interface to the sessions
Recordings
    recording    reads a file like live media      gaps         finds damaged pictures (pure)
    tracks       how much of a file was read (pure)
    writer       writes a file for a sender        clips        seconds of sound for an alert
    simulate     a candidate from a recording      outgoing     its tracks
"""

"""One candidate's exam on this node, on both sides of a border that only values cross.

port           the border: what a worker offers, what it tells

On the control side
    assignment     order, page and alerts of one session    roster        who is watched here
    seat           a page takes its seat
In the worker
    local_worker   sessions within the control process
    session        shell of one candidate                   session_maker  puts it together
    connections    its pages' media, the newest counts      session_parts  what it is made of
    pumps          pictures and sound to the senses         live_watch     judged, told at once
    timer          one deadline                             frame_numbers  numbered on (pure)
    agreed         what may be watched now (pure)
    memory         all that moves with a session, as one value (pure)
"""

"""Runs one candidate's exam on this node, on both sides of a border that only values cross.

port           the border: what a worker offers and reports

On the control side
    assignment     order, page and alerts of one session    roster        the sessions watched here
    seat           admits a page                            attendance    who holds a seat (pure)
    answering      bounds the offers at a time
In the worker
    local_worker   sessions within the control process
    session        runs one candidate's session             session_maker  builds it
    connections    its pages' media, the newest counts      session_parts  its parts
    pumps          pictures and sound to the senses         live_watch     judges and reports at once
    comparing      another version, while one is compared   shadow         that version's sight
    timer          one deadline                             frame_numbers  unique in a session (pure)
    agreed         what may be watched now (pure)
    memory         all that moves with a session, as one value (pure)
"""

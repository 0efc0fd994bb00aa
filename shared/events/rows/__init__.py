"""The rows of all events, by subject.

    face        who is in the picture: faces, and whose they are
    direction   where gaze and head point
    body        bodies, hands and objects in the picture
    sound       sounds, and a microphone without sound
    combined    events made of several others
    camera      a camera that shows nothing, and missing pictures
    system      faults of our own systems
    page        the page that the candidate uses
    milestones  neutral steps of an exam
    proctors    acts of proctors

Each has its `ROWS`; `shared.events.table` joins them.
"""

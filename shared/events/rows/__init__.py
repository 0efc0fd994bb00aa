"""The rows of all events, by what they are about.

    face        who is in the picture: faces, and whose they are
    direction   where gaze and head point
    body        bodies, hands and things in the picture
    sound       what is heard, and a microphone that gives nothing
    combined    what is made of several events
    camera      a camera that shows nothing, and pictures that do not come
    system      trouble on our own side
    milestones  neutral steps of an exam
    proctors    what a proctor did

Each has its `ROWS`; `shared.events.table` puts them together.
"""

"""From frames and sound to observations: what is due, on which networks, in whose threads.

`levels` and `schedule` say what to look at when (pure), `engine` runs network calls for all sessions within
bounds, `perception` makes one session's observations, `examination` and `enrolling` look closely at one face,
`offline` and `results` do a whole recording.
"""

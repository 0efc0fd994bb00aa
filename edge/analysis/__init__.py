"""From frames and sound to observations: what is due, on which networks, in whose threads.

`levels` and `schedule` say what to look at when (pure), `engine` runs network calls for all sessions within
bounds, `perception` makes one session's observations: what is heard in `listening` with the networks of
`ears`, `phrases` where speech may be recognised, `owed_sound` where nothing is heard at all (pure);
`examination` and `enrolling` look closely at one face, `offline` and `results` do a whole recording.
"""

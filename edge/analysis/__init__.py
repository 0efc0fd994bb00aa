"""Turns frames and sound into observations: which looks are due, on which networks, in which threads.

networks     which exist, on which device           engine      runs their calls, within bounds
restarts     counts restarts of the engine          measured    one finished call (a value)
levels       rates of looks per level (table)       schedule    which looks are due (pure)
instruments  all that a process analyses with
perception   one session's senses                   attempts    calls that may fail
looking      a frame into an observation            listening   a window of sound into an observation
eyes, ears   what can be seen and heard here        seen        a network's answer as observed (pure)
tilts, lids  what is remembered of this person      finite      rejects NaN and infinity (pure)
phrases      phrases in speech, if allowed          owed_sound  missing sound (pure)
examination  one face in detail                     enrolling   pictures into templates
identifying  which face is the candidate's
verified     the answer about one frame             compared    the answer about many faces
"""

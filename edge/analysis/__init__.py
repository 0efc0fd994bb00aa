"""Turns frames and sound into observations: which looks are due, on which networks, in which threads.

networks     which exist, on which device           engine      runs their calls, within bounds
turns        which call runs next (pure)            measured    one finished call (a value)
restarts     opens stuck networks anew              versions    other versions of networks, for some sessions
levels       rates of looks per level (table)       schedule    which looks are due (pure)
instruments  all that a process analyses with
perception   one session's senses                   attempts    calls that may fail
looking      turns a frame into an observation      listening   turns a window of sound into an observation
eyes, ears   what can be seen and heard here        seen        a network's answer as observed (pure)
tilts, lids  learn how this person holds the head   finite      rejects NaN and infinity (pure)
phrases      phrases in speech, if allowed          owed_sound  missing sound (pure)
examination  measures one face in detail            enrolling   turns pictures into templates
identifying  finds the candidate's face
verified     the answer about one frame             compared    the answer about many faces
"""

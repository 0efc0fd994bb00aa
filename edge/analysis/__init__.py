"""From frames and sound to observations: what is due, on which networks, in whose threads.

networks     what is there, on which device         engine      their calls, within bounds
restarts     how often it had to begin anew         measured    one call as it went (a value)
levels       what is looked at how often (table)    schedule    what is due (pure)
instruments  all that a process analyses with
perception   one session's senses                   attempts    calls that may fail
looking      a frame into what it shows             listening   a window of sound into what it says
eyes, ears   what can be seen and heard here        seen        a network's answer as observed (pure)
tilts, lids  what is remembered of this person      finite      no number, no answer
phrases      where speech may be recognised         owed_sound  where nothing is heard at all (pure)
examination  a close look at one face               enrolling   pictures into templates
verified     the answer about one frame (pure)      compared    the answer about many faces (pure)
"""

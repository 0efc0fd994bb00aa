"""From frames and sound to observations: what is due, on which networks, in whose threads.

perception   the senses of one session: frames and sound in, observations out
levels       what is looked at on each degradation level (pure)
schedule     which looks are due at a frame (pure)
engine       network calls of all sessions, within bounds
networks     the networks of this process      attempts  calls that may fail without ending a session
looking      what a frame shows                eyes      what is asked to be seen (pure)
listening    what a window of sound says       ears      the networks for sound
phrases      phrases of the policy in speech   owed_sound  sound that does not come (pure)
examination  a close look at one face          enrolling one template from several pictures
seen         networks' answers as values of an observation (pure)
finite       answers that are numbers throughout (pure)
lids         blinks and open eyes (pure)       tilts     a lowered head and another person (pure)
"""

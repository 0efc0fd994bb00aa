"""Measures how many sessions this host carries: `proctor-edge bench`.

command    the command line                   stand       a node without hub
material   what candidates send               candidates  their orders and tokens
senders    their process                      crowd       that process, seen from the node
trying     one step: a number of sessions     ramp        which is next, and which limits were passed (pure)
tally      where the time of a step went (pure)
figures    the table and the JSON (pure)
"""

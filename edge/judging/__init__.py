"""Turns observations into alerts, without input or output.

watch            one session: takes observations and the time, returns alerts
policy_settings  an exam's policy as the rules' numbers
alerts           a finding into its alert          thumbnails       the small picture beside it
inherited        what the session's former node has told (pure)
explanations     the sentences for reviewer and candidate
agreement        what two versions of a network found on the same frames (pure)
camera           a camera that may be a program (pure)
features         sums up windows for the log of features (pure)
"""

"""From observations to alerts, without input or output.

watch            one session: observations and the time in, alerts out
policy_settings  an exam's policy as the rules' numbers
alerts           a finding into its alert          thumbnails       the small picture beside it
explanations     what reviewer and candidate read of a finding
"""

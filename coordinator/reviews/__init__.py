"""Reviews: people's decisions about incidents. Every verdict is by a person, an adverse one by two.

states    the table of acts allowed in each state (pure)
effect    when a verdict takes effect, and the state after an undone one (pure)
outcomes  what a candidate is told, and the precision of rules (pure)
rescore   severities under another policy, beside the original ones (pure)
service   acts are recorded          tables    the rows     answers  in the API's form
reading_service  acts are read back
routes    for people                 examples  for the API description
"""

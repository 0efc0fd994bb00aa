"""Reviews: what people make of incidents. Every verdict is a person's, an adverse one that of two.

states    what may be done in which state: the whole table (pure)
outcomes  what a candidate is told of it, and how often a rule was right (pure)
rescore   severities under another policy, beside the original ones (pure)
service   acts and their history     tables    the rows     answers  in the API's form
routes    for persons                examples  for the API's description
"""

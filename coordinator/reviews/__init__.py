"""Reviews: what people make of incidents. Every verdict is a person's, an adverse one that of two.

states     what may be done in which state: the whole table, pure
outcomes   what a candidate is told of it, pure
rescore    severities under another policy, beside the original ones, pure
tables, service (acts and their history), precision_service, answers, routes
"""

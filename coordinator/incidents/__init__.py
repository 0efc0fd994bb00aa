"""Incidents: findings close together as one thing for a person to look at.

states            how far a review has come, and the queue's order (pure)
regroup           what becomes of known incidents when findings are grouped anew (pure)
cursor            where a page of the queue ends (pure)
grouping_service  grouped anew as alerts arrive     service  found, listed, opened
tables            the rows                          answers  in the API's form
routes            the queue, and one incident

Software groups and sorts; what is made of an incident stands in `coordinator.reviews`.
"""

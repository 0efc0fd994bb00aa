"""Incidents: findings close together, as one item for a reviewer.

states            states of a review, and the queue's order (pure)
regroup           matches known incidents to regrouped findings (pure)
cursor            the end of a page of the queue (pure)
grouping_service  regroups as alerts arrive         service  finds, lists, opens
tables            the rows                          answers  in the API's form
routes            the queue, and one incident

Software groups and sorts; people's decisions are in `coordinator.reviews`.
"""

"""Incidents: findings close together as one thing for a person to look at.

    regroup    what becomes of known incidents when findings are grouped anew, pure
    tables, service, queue_service, answers, routes

Software groups and sorts; what is made of an incident stands in `coordinator.reviews`.
"""

"""Destinations of an institution's deliveries: where they are, what may leave to them, what is to be sent.

tables          destinations, their secrets, the outbox     wanted   what may leave to which destination
outbox_service  notes what is to be told, in the transaction of what happened
service         makes, lists, changes, pauses               secrets_service  what signs, and logins
certificates    of programs that follow (pure)              certificates_service  which are accepted
answers         destinations in the API's form              examples  for the API's description
routes          over REST, those that are no webhooks

`coordinator.deliveries` sends what is noted here.
"""

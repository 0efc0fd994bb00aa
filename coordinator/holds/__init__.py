"""Legal holds: what must not be erased, neither by a date nor on request, and why.

tables    the rows                           covering  what a hold keeps (pure)
service   places, finds, lists, releases     answers   holds in the API's form
routes    over REST                          examples  for the API's description
"""

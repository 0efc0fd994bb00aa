"""What every noun of the coordinator stands on.

database       one transaction per `with`        columns  what tables are made of
ids            ids that sort by time
keyring        one master key wraps all others   own_keys the coordinator's own keys
sealed_fields  fields at rest, bound to their place
"""

"""The foundation of all folders of the coordinator.

database       one transaction per `with`        columns  the common parts of tables
ids            ids that sort by time
master_keys    they wrap all other keys          own_keys the coordinator's own keys
keyring        wraps, and opens with other keys  master_users which coordinator uses which master key
master_following  follows the master key's file  master_steps which step of its change is due (pure)
fleet_keys     with which it lets nodes join     key_files files with secrets, made once
signing_files  the signing key, and its successor
ca_files       the fleet's CA, and its successor
sealed_fields  encrypted fields, bound to their place
instants       ids with an instant each, as a table to join
leadership     one coordinator of several leads   leading  the work that it alone does
turns          one thread writes at a time       queues what concerns one thing, one after another
standing_back  a leader without the hub (pure)
acting         who does what in the present request, for the audit log
"""

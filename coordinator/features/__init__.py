"""The log of features: measurements for a later classifier, off by default.

It is written where an exam's policy turns it on and the candidate agreed to that purpose of its own.

tables     one row per message of a node        received_service  checks and stores a node's message
service    keys, storing, forgetting            table      vectors and verdicts as a table (pure)
export_service  reads an exam's                 routes     GET /features/export
"""

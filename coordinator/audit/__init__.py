"""The audit log: who read or changed what is personal, when, from where, and what came of it.

    noted       which acts are written down (pure)
    tables      entries, heads of the chains, checkpoints, keys
    service     writes and reads entries
    lines_service     entries as lines of a file
    archiving_service  what goes into an archive, and is removed then (`retention.archiving` writes it)
    chaining_service  numbers committed entries and signs checkpoints
    answers     entries in the API's form
    layer       ASGI layer: writes down what changed nothing, before it is answered
    owed        entries that wait for the database
    chaining    the background work
    routes      GET /audit, /audit/export

An act that changes something is written in the same transaction; one that only reads, before its answer is
sent (while the database cannot be written to, in memory first, within a bound). Entries are numbered and
chained right after their commit, per institution: numbering within the transaction would make every request
of an institution wait for every other. `shared.audit_chain` and `shared.audit_file` are the chain and its
check.

The names of staff and their addresses are sealed under a key of the institution and year; candidates stand
there by random ids that mean nothing after an erasure. So the chain can be checked when nobody can be named.
"""

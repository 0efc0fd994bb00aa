"""Retention: erases by itself what has been kept long enough.

planning         what is due when, and why not (pure)
facts_service    what planning decides on               erasing_service  destroys keys, removes rows
service          which coordinator erases, and what was erased
tables           both                                   running    runs it every hour
archiving        moves old entries of the audit log into archives    held_service   which entries holds keep
exporting        reads the audit log while its entries move
answers          plan and report in the API's form      routes     over REST
examples         for the API's description

First the keys are destroyed and the commit is waited for, then the rows are emptied or removed, some at a
time. What is left is read from the database each time, so that a run may stop at any point: the next one does
the rest. Speech is not part of it: its keys are destroyed at the end of the session (`excerpts`). Deliveries
are deleted by `deliveries`, answers to repeated requests by `idempotency`.
"""

"""Alerts on their way out: sealed, on disk first, sent in order, kept until the coordinator has them.

envelope      an alert and who may open it (values)
alert_writer  a session's alerts, so that no frame waits for the disk
message       an alert in its place and its pictures beside it, signed and sealed (pure)
outbox        every alert on disk (SQLite)      outbox_thread  its one thread, which seals too
outbox_file   opened, locked, set aside         outbox_caps    what a full outbox gives up (pure)
reserve       room for forgetting on a full disk
publisher     outbox to hub, marks to outbox    schedule       what is sent when (pure)
skew          how wrong this node's clock is
"""

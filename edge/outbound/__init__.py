"""Alerts on their way out: sealed, on disk first, sent in order, kept until the coordinator has them.

alert_writer  a session's alerts, so that no frame waits for the disk
envelope      an alert into its signed and sealed message (pure)
outbox        every alert on disk (SQLite)      outbox_thread  its one thread
outbox_file   opened, locked, set aside         outbox_caps    what a full outbox gives up (pure)
reserve       room for forgetting on a full disk
publisher     outbox to hub, marks to outbox    schedule       what is sent when (pure)
skew          how wrong this node's clock is
"""

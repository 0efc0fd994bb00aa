"""Sends alerts to the coordinator: sealed, stored on disk first, sent in order, kept until committed there.

envelope      an alert and the keys it is sealed to (values)
alert_writer  queues a session's alerts, so that no frame waits for the disk
message       signs and seals an alert and its pictures
outbox        every alert on disk (SQLite)      outbox_thread  its one thread, which also seals
outbox_file   opens, locks, sets aside          outbox_caps    what a full outbox drops first (pure)
reserve       disk space for deleting on a full disk
publisher     outbox to hub, marks to outbox    schedule       decides what is sent when (pure)
tracing       its part of the alerts' traces
skew          difference to the coordinator's clock (pure)
state_message signs and seals a session's state  state_pace  when it is sent (pure)
"""

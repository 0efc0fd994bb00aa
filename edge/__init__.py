"""The edge node's daemon, `proctor-edge`, and its tools.

    main         command line                      app         composition: start, run, wind down
    config       settings, one TOML file           identity    node id, signing and sealing keys
    hub          the one NATS connection           node        health, heartbeat and metrics of this node
    commands     who may command, once             actions     start, end, enroll, verify
    roster       who is watched here               seat        a page takes its seat
    session      shell of one candidate            watch       observations in, alerts out (no I/O)
    session_memory  all that moves with a session (pure)
    alerts       finding -> alert                  envelope    alert -> signed, sealed message
    outbox       every alert on disk (SQLite)      publisher   outbox -> hub; marks -> outbox
    delivery     what is sent when (pure)          outbox_caps what a full outbox gives up (pure)
    outbox_file  opened, locked, set aside         reserve     room for forgetting on a full disk
    health       how well the node is (pure)       lag, skew   how late its loop, how wrong its clock
    analyze      recordings, without any server

    rules/       pure: what holds, since when      analysis/   networks, engine, schedule, perception
    media/       WebRTC in: peers, signaling       rehearsal/  the demo's recording

A frame: `media.peer` -> `session` -> `analysis.perception` -> `watch` (-> `rules`) -> `alerts`.
An alert: `alert_writer` -> `envelope` -> `outbox` -> `publisher` -> `hub`; the coordinator's mark lets it go.
"""

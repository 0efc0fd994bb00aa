"""The edge node's daemon, `proctor-edge`, and its tools.

    main           command line               app            start, run, wind down
    assembling     builds a node from its parts
    config         settings, one TOML file    node_identity  node id, signing and sealing keys
    coordinator_keys  whose word counts
    hub            connection to NATS        web            health, metrics, signaling over HTTP
    counted_faces  which faces count, from a policy
    stop_signals   what asks it to stop

    media/         incoming WebRTC: peers, signaling     analysis/   networks, engine, schedule, perception
    rules/         conditions and their times (pure)     judging/    observations in, alerts out
    sessions/      one candidate's session               outbound/   alerts: seal, store, send
    fleet/         commands, heartbeat, health           workers/    sessions in processes of their own
    membership/    joins the fleet, renews               tools/      recordings without a server
    accuracy/      measures the analysis                 rehearsal/  the demo's recording
    capacity/      measures how many sessions fit   desired/    settings that the coordinator gives

A frame: `media.peer` -> `sessions.pumps` -> `analysis.perception` -> `sessions.live_watch` ->
`judging.watch` (-> `rules`). An alert: over `sessions.port` to `outbound.alert_writer` -> `outbox_thread`,
sealed -> `outbox` -> `publisher` -> `hub`. It is deleted when the coordinator's mark confirms it.
"""

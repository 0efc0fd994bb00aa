"""The edge node's daemon, `proctor-edge`, and its tools.

    main           command line               app            composition: start, run, wind down
    config         settings, one TOML file    node_identity  node id, signing and sealing keys
    hub            what it asks of NATS      web            health, metrics, signaling over HTTP

    media/         WebRTC in: peers, signaling           analysis/   networks, engine, schedule, perception
    rules/         pure: what holds, since when          judging/    observations in, alerts out
    sessions/      the shell of one candidate            outbound/   alerts sealed, on disk, sent
    fleet/         commands, heartbeat, health           tools/      recordings, without any server
    accuracy/      how good the analysis is              rehearsal/  the demo's recording

A frame: `media.peer` -> `sessions.pumps` -> `analysis.perception` -> `sessions.live_watch` ->
`judging.watch` (-> `rules`). An alert: over `sessions.port` to `outbound.alert_writer` -> `outbox_thread`,
sealed -> `outbox` -> `publisher` -> `hub`, until the coordinator's mark lets it go.
"""

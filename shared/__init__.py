"""The words everyone uses: what crosses a border between programs is defined here, once.

    events/         the closed list of events, one row each; the kinds of looking (pure)
    observations    what perception says of one instant (pure)
    recorded        observations as JSON lines
    policy/         an exam's policy: schema, defaults, presets, what it asks for
    severity        how grave an alert is, one formula (pure)
    incidents       findings close together, for one person to look at (pure)
    alerts          the alert, its clear header, its deterministic id
    notices         what a candidate is told of an alert (pure)
    excerpts        words around a phrase, sealed twice
    enrollment      from several pictures to one template (pure)
    consents        what personal data is used for
    sealing         the envelope: HPKE seal, Ed25519 signature
    messages        commands, replies, heartbeats, high-water marks on NATS
    face_messages   the command that compares templates
    subjects        subject and stream names
    hub_connection  how patiently both programs keep their connection to the hub
    nats_config     the embedded nats-server's configuration, as text
    tokens          access tokens and roles
    api/            REST bodies, one module per noun
    rehearsal       the demo's script and how a run is compared with it (pure)
    timeline/       one exam as a self-contained HTML page (pure)
    canonical       canonical JSON
    fields          bounded text, UTC instants, unit fractions
    plain_text      others' words without what steers a terminal or turns the reading order (pure)
    errors          the error tree
    logs            JSON logs without personal data
    seldom          which of many equal log lines are written (pure)
    dumps           no memory image of a daemon on a disk
    writing         what a system says that refuses a file, in one sentence
    slow_clients    HTTP connections with deadlines
    sqlite_file     what a SQLite file is, looked at without a trace

Nothing but the last four does I/O or reads a clock.
"""

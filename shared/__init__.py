"""The words everyone uses: what crosses a border between programs is defined here, once.

    events/        the closed list of events, their classes and lanes
    observations   what perception says of one instant (pure)
    recorded       observations as JSON lines
    policy/        an exam's policy: schema, defaults, presets
    severity       how grave an alert is, one formula (pure)
    alerts         the alert, its clear header, its deterministic id
    sealing        the envelope: HPKE seal, Ed25519 signature
    messages       commands, replies, heartbeats, high-water marks on NATS
    subjects       subject and stream names
    tokens         access tokens and roles
    api/           REST bodies, one module per noun
    rehearsal      the demo's script and how a run is compared with it (pure)
    timeline       one exam as a self-contained HTML page (pure)
    canonical      canonical JSON
    fields         bounded text, UTC instants, unit fractions
    plain_text     others' words without what steers a terminal or turns the reading order (pure)
    errors         the error tree
    config_file    a program's settings: one TOML file into frozen sections
    ice            STUN and TURN servers
    secret_file    passwords and keys in files that nobody else may read
    logs           JSON logs without personal data
    saving         state as JSON and back, by the declared fields of dataclasses (pure)
    saved_values   its numbers, texts and words (pure)
    seldom         which of many equal log lines are written (pure)
    hub_link       a program's one connection to the NATS hub
    handling       work that messages bring, within limits
    slow_clients   HTTP connections with deadlines
    sqlite_file    what a SQLite file is, looked at without a trace

Only `config_file`, `secret_file`, `hub_link`, `handling`, `slow_clients` and `sqlite_file` do I/O or read a
clock.
"""

"""Shared definitions: everything that passes between programs is defined here, once.

Exams
    events/        every event in one row: class, rule, words policy/     what an exam asks for
    observations   perception's result for one instant (pure) recorded    the same as JSON lines
    alerts         the alert, its clear header, its id        severity    its severity (pure)
    incidents      findings that belong together (pure)       notices     what a candidate is told (pure)
    unwatched      how long nobody looked (pure)              cameras     programs that act as one (pure)
    deliveries     what an institution's systems are told     destination_url where they may be (pure)
    kafka_place    a topic of Kafka and its brokers (pure)
    excerpts       words around a phrase, sealed on their own evidence    pictures, parcels of their own
    holds          what must not be erased (pure)             retention   what is kept how long (pure)
    features       what was measured, for a later classifier
    erasures       the journal of erased persons (pure)       receipts    the receipt of an erasure (pure)
    consents       what data is used for                      enrollment  pictures to a template (pure)
    picture_files  which files may enroll (pure)
    timeline/      one exam as a self-contained HTML page        rehearsal the demo's script (pure)
Between programs
    messages/      commands, replies, heartbeats, marks
    api/           REST bodies, one module per noun           tokens      access tokens and roles
    sealing        signed and sealed messages                 subjects    subject and stream names
    sealed_stream  a sealed stream of any length
    successions    which signing key follows which (pure)
    hybrid         keys against quantum computers too
    audit_chain    the chain of an audit log (pure)           audit_file  such a log as a file (pure)
    audit_check    whether such files are whole (pure)
    bundles        a message and the pictures beside it (pure)
    card_delay     how late a wall may be (pure)
    hub_link       a program's one connection to the NATS hub nats_config the embedded server's settings
    hub_caller     its address and limits                     hub_login   passwords or identities (pure)
    join_tokens    a secret to join with, once (pure)         node_lifetimes who may join or renew (pure)
    certificates   of the coordinator's CA and nodes (pure)   authorities the CAs accepted (pure)
    nats_keys      keys as NATS writes them (pure)            nats_jwt    the hub's identities (pure)
    hub_address    which hubs may be used (pure)              hub_checks  TLS and version while connecting
    ice            STUN and TURN servers                     node_settings given to nodes (pure)
    ports          the least port of media (pure)         percentiles of measurements (pure)
Values and errors
    fields         bounded text, UTC instants, unit fractions canonical   canonical JSON
    saving         state as JSON and back (pure)              saved_values  its single values (pure)
    plain_text     foreign text made safe to show (pure)      errors      the error tree
Running a program
    config_file    settings: one TOML file                    secret_file passwords and keys in files
    logs           JSON logs without personal data            seldom      limits repeated log lines (pure)
    handling       tasks for messages, within limits          web_server/   the HTTP server of both daemons
    rates          token buckets (pure)                       traces/     an alert's way, for OpenTelemetry
    sqlite_file    checks of a SQLite file                    dumps       no core dumps
    garbage        spares the collector what stays
    writing        errors of writing, in one sentence         supervisor  tells systemd how a daemon is
    late_commands  commands imported only when called        manual/     a program's manual, from its commands
"""

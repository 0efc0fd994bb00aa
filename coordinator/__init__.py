"""The coordinator: enrollments, sessions, alerts, and the REST API over them.

    main          commands: init, migrate, check-config, token, openapi, serve
    app           the ASGI application: builds the parts, owns the background work, mounts the routes
    parts         what every route is handed
    config        the TOML file; own_keys, keyring, sealed_fields: keys and what they seal
    database      one transaction per `with`; schema, migrations: its tables' revisions; columns, ids
    hub           the one NATS connection; stream: what the alert stream must be like
    ingest        alerts in: fetch, check, store, commit, acknowledge, tell the nodes
    heartbeats    nodes heard, marks answered; commands, orders: nodes told
    errors        every refusal as a problem; security: who may; limits, rates, places: how much and how often
    headers       security headers and origins; pages: the candidate's page and the proctors' console (web/)
    openapi       the description (openapi.json, by `make openapi`); examples
    contract      what of it breaks callers of what they were promised (promised.json, by `make promise`)
    health        healthz, readyz, metrics
    cursors       pages of every list; idempotency/: the answer a repeated POST gets again
    oidc/         external issuers of tokens: their keys fetched and cached, their claims mapped
    pictures      pictures from outside made harmless

One folder per noun, each with tables, service (SQL; flushes, never commits), routes and what decides purely:
tenants, candidates, consents, keys, enrollments, exams, policies, accommodations, sessions, interventions
(proctors' acts), alerts, excerpts (what was said), incidents, reviews, reports, nodes, tokens with their
keys; live/ has the sockets.

A request that changes something reads and plans first, asks the edge node second, and writes in one
transaction last; what cannot be written is taken back at the node. So a refused request changes nothing.
"""

"""The coordinator: enrollments, sessions, alerts, and the REST API over them.

    main        commands: init, migrate, check-config, token, openapi, serve
    app         the ASGI application: builds the parts, owns the background work, mounts the routes
    serving     serves it, and health and metrics on a port of their own
    schema      the database's revisions, kept in migrations/
    examples    every noun's examples for the API's description
    config      the TOML file
    ground/     database, ids, keys and what they seal
    web_api/    what all routes share: parts, security, errors, limits, pages of lists, the description
    nodes/      the hub, nodes heard and told
    arriving/   alerts on their way from the hub into the database
    oidc/       external issuers of tokens: their keys fetched and cached, their claims mapped
    web/        the candidate's page and the proctors' console

One folder per noun: tenants, candidates, consents, keys, enrollments, exams, policies, accommodations,
sessions, interventions (proctors' acts), alerts, evidence (their pictures), excerpts (what was said),
incidents, reviews, reports, tokens with their keys; live/ has the sockets, idempotency/ the answer that a
repeated POST gets again.

Every module is of one kind, and imports its own kind and those before it:

- pure: decides; values in, values out. Its docstring says "Pure." or "Decides only"; examples are data.
  Imports pure modules alone: no table, clock, randomness, log, thread or network.
- tool: touches the world and knows no table: ground/, config, the hub and the commands over it, sockets, PDF,
  what wraps every request.
- tables: rows.
- service: SQL. Works in the transaction it is given; flushes, never commits.
- answers: rows in the API's form.
- parts: what a running coordinator is made of (`web_api.parts`).
- act: reads and plans, asks a node, writes: own transactions, several nouns.
- routes: REST and sockets, and what they share of FastAPI (security, description, pages).
- app: main, serving, app, schema, migrations.

ground/ and config stand below every noun, app above. Tables and routes taken apart, no circle leads through
folders, and none through the modules of one. `tests/unit/coordinator/test_order.py` and the contracts in
`pyproject.toml` hold all of it.

A request that changes something reads and plans first, asks the edge node second, and writes in one
transaction last; what cannot be written is taken back at the node. So a refused request changes nothing.
"""

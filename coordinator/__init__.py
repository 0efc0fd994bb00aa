"""The coordinator: enrollments, sessions, alerts, and their REST API.

    main        commands: init, migrate, check-config, check-database, token, openapi, contract, serve
    hub_commands  its commands about the hub and the CA
    backup_commands  its commands about backups
    restoring   restores an installation from its backups
    master_commands  another master key takes over
    signing_commands  another signing key takes over
    app         the ASGI application: mounts the routes, runs the background work
    building    its parts: keys, database, hub, tokens
    routing     every route, in order
    serving     serves it, and health and metrics on a port of their own
    schema      the database's revisions, kept in migrations/
    examples    every noun's examples for the API's description
    config      the TOML file
    storing_sections  its sections about archives and backups
    setting_types  which texts it takes
    rollouts_section  its section about rollouts of networks
    ground/     database, ids, keys and sealed fields
    web_api/    what all routes share: parts, security, errors, limits, pages of lists, the description
    nodes/      the hub, heartbeats and commands of nodes
    desired/    what nodes are to have in place of what their own files say
    rollouts/   how far a new version of a network is given
    memberships/ which nodes belong to the fleet, their certificates
    arriving/   stores alerts from the hub in the database
    oidc/       external issuers of tokens: fetches and caches their keys, maps their claims
    replicas/   several coordinators: what they tell each other
    web/        the candidate's page and the proctors' console

One folder per noun: tenants, candidates, consents, keys, enrollments, exams, policies, accommodations,
sessions, interventions (proctors' acts), alerts, evidence (their pictures), excerpts (spoken words),
incidents, reviews, reports, tokens with their keys, destinations (an institution's own systems, with the
outbox of what they are told) and deliveries to them, following (an institution's program takes them over
gRPC), holds (what must not be erased), privacy (erasure and access of persons), retention (what is erased
by a date), backups (of database and keyring), openness (how it works, for everybody to read), features (a log
for a later classifier, off by default); live/ has the sockets, idempotency/ the answers that repeated POSTs
get again, audit/ what everybody did.

Every module is of one kind and imports only its own kind and the kinds before it:

- pure: decides; values in, values out. Its docstring says "Pure." or "Decides only"; examples are data.
  Imports only pure modules: no table, clock, randomness, log, thread or network.
- tool: has side effects and knows no table: ground/, config, the hub and its commands, sockets, PDF,
  middleware.
- tables: rows.
- service: SQL. Works in the caller's transaction; flushes, never commits.
- answers: rows in the API's form.
- parts: the parts of a running coordinator (`web_api.parts`).
- act: reads and plans, asks a node, writes: has its own transactions, uses several nouns.
- routes: REST and sockets, and their shared FastAPI code (security, description, pages).
- app: main, hub_commands, master_commands, signing_commands, backup_commands, restoring, serving, app,
  building, routing, schema, migrations.

ground/ and config are below every noun, app is above. Apart from tables and routes there is no import circle
between folders, and none within a folder. `tests/unit/coordinator/test_order.py` and the contracts in
`pyproject.toml` check all of this.

A request that changes something first reads and plans, then asks the edge node, and last writes in one
transaction; if that fails, the change at the node is undone. So a refused request changes nothing.
"""

"""The coordinator: enrollments, sessions, alerts, and the REST API over them.

    main        commands: init, migrate, check-config, token, openapi, serve
    app         the ASGI application: builds the parts, owns the background work, mounts the routes
    config      the TOML file
    schema      the database's revisions, kept in migrations/
    ground/     database, ids, keys and what they seal
    web_api/    what all routes share: parts, security, errors, limits, pages of lists, the description
    nodes/      the hub, nodes heard and told
    oidc/       external issuers of tokens: their keys fetched and cached, their claims mapped
    web/        the candidate's page and the proctors' console

One folder per noun, each with tables, service (SQL; flushes, never commits), routes and what decides purely:
tenants, candidates, consents, keys, enrollments, exams, policies, accommodations, sessions, interventions
(proctors' acts), alerts, excerpts (what was said), incidents, reviews, reports, nodes, tokens with their
keys; live/ has the sockets, idempotency/ the answer that a repeated POST gets again.

A request that changes something reads and plans first, asks the edge node second, and writes in one
transaction last; what cannot be written is taken back at the node. So a refused request changes nothing.
"""

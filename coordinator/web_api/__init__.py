"""The shared parts of all routes.

parts      the parts passed to each route            security    identity and permissions of callers
errors     refusals as problem documents             field_paths how a refusal names a field (pure)
limits     limits on bodies and rates                rates, places  how often, how many at once (pure)
headers    security headers and origins              pages       the candidate's page and the console
cursors    pages of lists (pure)                     examples    examples for the API description (pure)
openapi    the API description                       contract    finds breaking changes in it (pure)
reference  that description as pages of the site (pure)
health     healthz, readyz, metrics                  metrics     Prometheus
"""

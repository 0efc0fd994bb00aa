"""What every route shares.

parts      what a route is handed                security    who asks and what they may
errors     every refusal as a problem            field_paths how a refusal names a field (pure)
limits     bounds on bodies and rates            rates, places  how often and how many at once (pure)
headers    security headers and origins          pages       the candidate's page and the console
cursors    pages of every list (pure)
openapi    the description; examples: its examples; contract: what breaks callers (pure)
health     healthz, readyz, metrics              metrics     Prometheus
"""
